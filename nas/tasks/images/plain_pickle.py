"""Pickle files of plain data read without running anything: dictionaries, lists, text, numbers and NumPy arrays.

A pickle names functions to call, so reading one from an untrusted place runs its code. This reader knows the few
functions by which NumPy arrays are restored and refuses every other name.
"""

import codecs
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

# NumPy's own functions for it, by public ways to them
_RECONSTRUCT, _FROM_BUFFER = np.empty(0).__reduce__()[0], np.empty(0).__reduce_ex__(5)[0]
_RESTORING = {
    # NumPy 2 renamed the package; files of either are read
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _RECONSTRUCT for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _FROM_BUFFER for core in ("core", "_core")},
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    # bytes as Python 3 writes them for readers of Python 2
    ("_codecs", "encode"): codecs.encode,
}
"""Everything that a file may name. None of it does more than make a value."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _RESTORING.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which plain data does not")
        return found


def read_plain_pickle(path: Path) -> Any:
    """The file's value; text of Python 2 is read as Latin-1, as CIFAR's files need it.

    Raises: pickle.UnpicklingError if the file names anything but arrays; what pickle raises if it is damaged.
    """
    return _PlainUnpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
