from pathlib import Path

import pytest

import nas.system.machine
from nas.system.machine import check_fits, machine_bytes


def test_what_does_not_fit_is_said_with_both_sizes() -> None:
    check_fits("a table", 8, 8, "take fewer")
    with pytest.raises(ValueError, match=r"^a table takes 3\.0 GB of memory, there are 2\.0 GB; take fewer$"):
        check_fits("a table", 3 * 10**9, 2 * 10**9, "take fewer")


def test_a_container_has_what_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, limit = machine_bytes(), tmp_path / "memory.max"
    monkeypatch.setattr(nas.system.machine, "CGROUP_LIMITS", (tmp_path / "none", limit))
    limit.write_text("12345\n")
    assert machine_bytes() == 12_345
    limit.write_text("max\n")
    assert machine_bytes() >= whole
