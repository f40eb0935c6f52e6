import json
import multiprocessing
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from nas.system.files import append_line, locked, read_json, read_lines, replacing, replacing_folder, write_json
from nas.system.tensors import read_tensors, tensor_metadata, tensor_shapes, write_tensors

VALUES = [{"number": 0, "what": "ä\u2028line"}, {"number": 1}, {"number": 2}]


def lines_file(folder: Path) -> Path:
    for value in VALUES:
        append_line(folder / "new" / "lines.jsonl", value)
    return folder / "new" / "lines.jsonl"


def test_a_file_is_replaced_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "value.json"
    write_json(path, {"old": True})
    write_json(path, {"a": [1, 2.5, None], "b": "ä"})
    assert read_json(path) == {"a": [1, 2.5, None], "b": "ä"}
    assert os.listdir(path.parent) == ["value.json"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_failure_while_writing_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "value.json"
    write_json(path, "old")

    def write() -> None:
        with replacing(path) as file:
            file.write('"new')
            raise error

    with pytest.raises(type(error)):
        write()
    assert read_json(path) == "old"
    assert os.listdir(tmp_path) == ["value.json"]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_error_of_the_disk_names_the_file_and_costs_nothing_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    write_json(path, 0)
    with largest_file(20):
        append_line(path, 1)
        with pytest.raises(OSError, match="File too large") as appended:
            append_line(path, "a line of more than sixteen bytes")
        assert path.stat().st_size == 20, "part of the line is there"
        with pytest.raises(OSError, match="File too large") as replaced:
            write_json(path, "a line of more than twenty bytes")
    assert appended.value.filename == replaced.value.filename == str(path)
    append_line(path, 2)
    assert read_lines(path) == [0, 1, 2]


def test_damaged_json_is_said_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    path.write_text('{"a": 1')
    with pytest.raises(ValueError, match=r"value\.json is damaged .* delete it"):
        read_json(path)


def test_lines_are_read_as_they_were_appended(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "none.jsonl") == []
    assert read_lines(lines_file(tmp_path)) == VALUES


@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_last_line_that_was_cut_short_is_not_read_and_gives_way_to_the_next(tmp_path: Path, cut: int) -> None:
    # the last line, {"number": 2} and its end, is 14 bytes long
    path = lines_file(tmp_path)
    torn = path.read_bytes()[:-cut]
    path.write_bytes(torn)
    assert read_lines(path) == VALUES[:2]
    assert path.read_bytes() == torn, "reading changes nothing"
    append_line(path, "next")
    assert read_lines(path) == [*VALUES[:2], "next"]


def test_a_file_of_one_torn_line_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"numb')
    assert read_lines(path) == []
    append_line(path, 1)
    assert path.read_text() == "1\n"


def test_a_damaged_line_before_the_last_is_said_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"number": 0}\n{"num\n{"number": 2}\n')
    with pytest.raises(ValueError, match=r"lines\.jsonl, line 2 is damaged .* remove it and the lines after it"):
        read_lines(path)


def test_a_value_without_a_form_in_json_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    write_json(path, 1.5)
    for write in (write_json, append_line):
        with pytest.raises(ValueError, match=r"value\.json cannot be written, a value is no number"):
            write(path, {"quality": float("nan")})
    assert read_json(path) == 1.5


def test_tensors_are_read_as_they_were_written_also_if_they_share_memory(tmp_path: Path) -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    tensors = {"whole": whole, "again": whole, "slice": whole[:, :2], "column": whole.T, "step": torch.tensor(7)}
    write_tensors(tmp_path / "new" / "tensors.safetensors", tensors, {"step": "7"})
    found, metadata = read_tensors(tmp_path / "new" / "tensors.safetensors")
    assert metadata == {"step": "7"}
    assert_close(found, tensors, rtol=0, atol=0)


@pytest.mark.parametrize("kept", [0, 4, 40, -1])
def test_truncated_tensors_are_said_with_their_path(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "tensors.safetensors"
    write_tensors(path, {"a": torch.zeros(100)}, {})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"tensors\.safetensors is damaged .* delete it"):
        read_tensors(path)


def test_shapes_and_metadata_are_read_from_the_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "tensors.safetensors"
    write_tensors(path, {"a": torch.zeros(2, 3), "b": torch.tensor(1)}, {"settings": "x"})
    assert tensor_shapes(path) == {"a": (2, 3), "b": ()}
    assert tensor_metadata(path) == {"settings": "x"}


def test_what_killed_writers_left_is_cleared_by_the_next_and_what_living_ones_write_is_not(tmp_path: Path) -> None:
    dead = multiprocessing.get_context("fork").Process(target=int)
    dead.start()
    dead.join()
    (tmp_path / f".value.json.{dead.pid}").write_text("torn")
    (tmp_path / f".value.json.{os.getppid()}").write_text("of a living process")
    (tmp_path / ".value.json.mine").write_text("not ours")
    write_json(tmp_path / "value.json", 1)
    assert sorted(os.listdir(tmp_path)) == sorted([f".value.json.{os.getppid()}", ".value.json.mine", "value.json"])


def test_two_processes_that_write_one_folder_both_end_well(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    both, folder = context.Barrier(2), tmp_path / "a [b]" / "out"

    def write(number: int) -> None:
        with replacing_folder(folder) as beside:
            (beside / "number").write_text(str(number))
            both.wait()
            (beside / "again").write_text(str(number))

    writers = [context.Process(target=write, args=(number,)) for number in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert os.listdir(folder.parent) == ["out"]
    assert (folder / "number").read_text() == (folder / "again").read_text()


def test_a_folder_that_a_kill_took_apart_is_back_before_the_next_is_written(tmp_path: Path) -> None:
    folder, old = tmp_path / "out", tmp_path / ".out.1.old"
    old.mkdir()
    (old / "whole").touch()
    with pytest.raises(RuntimeError, match="no"), replacing_folder(folder):
        raise RuntimeError("no")
    assert os.listdir(tmp_path) == ["out"]
    assert os.listdir(folder) == ["whole"]


def test_a_locked_folder_is_closed_to_others_until_the_lock_ends(tmp_path: Path) -> None:
    with (
        locked(tmp_path),
        pytest.raises(ValueError, match=f"another command is at work in {tmp_path}"),
        locked(tmp_path),
    ):
        pass
    with locked(tmp_path):
        write_json(tmp_path / "value.json", json.dumps(1))


def test_the_lock_of_a_killed_process_is_gone(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    inside = context.Event()

    def hold() -> None:
        with locked(tmp_path):
            inside.set()
            context.Event().wait()

    holder = context.Process(target=hold)
    holder.start()
    inside.wait()
    with pytest.raises(ValueError, match="another command"), locked(tmp_path):
        pass
    holder.kill()
    holder.join()
    with locked(tmp_path):
        pass
