import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nas.tasks.images.plain_pickle import read_plain_pickle


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_and_arrays_come_back(tmp_path: Path, protocol: int) -> None:
    value = {"labels": [1, 2], "name": "ä", "data": np.arange(6, dtype=np.uint8).reshape(2, 3), "more": (1.5, None)}
    path = tmp_path / "file"
    path.write_bytes(pickle.dumps(value, protocol))
    found = read_plain_pickle(path)
    assert np.array_equal(found.pop("data"), value.pop("data"))
    assert found == value


@pytest.mark.parametrize(
    ("function", "argument"), [(os.system, "touch ran"), (eval, "open('ran', 'w')"), (np.load, "file"), (Path, "ran")]
)
def test_every_other_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: Callable[[str], object], argument: str
) -> None:
    class Calls:
        def __reduce__(self):
            return function, (argument,)

    monkeypatch.chdir(tmp_path)
    path = tmp_path / "file"
    path.write_bytes(pickle.dumps({"data": Calls()}, 2))
    with pytest.raises(pickle.UnpicklingError, match="which plain data does not"):
        read_plain_pickle(path)
    assert not (tmp_path / "ran").exists()
