import io
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import nas
from nas.cli import main
from nas.export.families.seq2seq.predict import subwords
from nas.export.predict.lines import CHUNK
from nas.export.read.network import open_export
from nas.models.decoding import Decoding
from nas.system.files import read_json, read_tensors, write_json, write_tensors
from nas.tasks.digits import Digits
from nas.tasks.texts.subwords import Subwords
from nas.tasks.translate import translate

LINES = ["one two three", "six", "", "four four", "  ", "five one two six"]


@pytest.fixture
def moved(translator: Path, tmp_path: Path) -> Path:
    """A copy of the translator's export, far from its run."""
    (export,) = (translator / "exports").iterdir()
    return shutil.copytree(export, tmp_path / "moved")


class Ended(NamedTuple):
    code: Any
    lines: list[str]
    error: str


@pytest.fixture
def predict(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Runs the command in this process, given what stands in standard input."""

    def run(*arguments: object, given: bytes = b"") -> Ended:
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as ended:
            main(["predict", *map(str, arguments)])
        printed = capsys.readouterr()
        return Ended(ended.value.code, printed.out.split("\n")[:-1], printed.err)

    return run


def begun(*arguments: object, stdin: int = subprocess.PIPE, cwd: Path | None = None) -> subprocess.Popen[bytes]:
    """The real command, alone in its group of processes as under a terminal."""
    path = os.pathsep.join(os.path.abspath(each) for each in filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-m", "nas", "predict", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "ascii"},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        start_new_session=True,
    )


def translated(export: Path, lines: list[str], **decoding: Any) -> list[str]:
    opened = open_export(export)
    return translate(opened.network, subwords(opened.config), lines, Decoding(**decoding))


def test_the_command_translates_as_the_run_did_with_nothing_but_the_export(translator: Path, moved: Path) -> None:
    source = (translator.parent / "pairs" / "test.en").read_text().splitlines()
    (expected,) = (path.read_text().splitlines() for path in translator.rglob("translations.txt"))
    command = begun(moved.name, cwd=moved.parent)
    output, errors = command.communicate("\n".join([*source[:3], "", *source[3:]]).encode())
    assert (command.returncode, errors) == (0, b"")
    assert output.decode() == "".join(f"{line}\n" for line in [*expected[:3], "", *expected[3:]])
    assert len(set(expected)) > 5


def test_at_a_terminal_it_says_what_it_waits_for_and_answers_line_by_line_until_ctrl_c(moved: Path) -> None:
    ours, theirs = pty.openpty()
    command = begun(moved, stdin=theirs)
    assert command.stdout is not None
    assert command.stderr is not None
    assert command.stderr.readline() == b"reading lines to translate from the terminal; Ctrl-D ends it\n"
    for line in ("five", "two five"):
        os.write(ours, f"{line}\n".encode())
        (expected,) = translated(moved, [line], beam=4, length_penalty=0.6)
        assert command.stdout.readline().decode() == f"{expected}\n"
    os.killpg(command.pid, signal.SIGINT)
    assert command.communicate() == (b"", b"nas: stopped\n")
    assert command.returncode == 130
    os.close(ours)
    os.close(theirs)


def test_it_ends_quietly_where_nobody_reads_on(moved: Path, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("one two\n" * 5_000)
    command = begun(moved, tmp_path / "long.txt", "--beam", "1")
    assert command.stdout is not None
    assert command.stderr is not None
    command.stdout.readline()
    command.stdout.close()
    assert command.stderr.read() == b""
    assert command.wait() == 0


def test_each_line_has_its_translation_in_order_whatever_the_chunks(moved: Path, predict: Callable[..., Ended]) -> None:
    lines = LINES * (CHUNK // 4)
    expected = translated(moved, lines, beam=4, length_penalty=0.6)
    assert expected[2] == expected[4] == ""
    assert predict(moved, given="\r\n".join(lines).encode()) == Ended(0, expected, "")
    assert predict(moved, given=b"") == Ended(0, [], "")


def test_named_texts_are_read_one_after_another_instead_of_standard_input(
    moved: Path, tmp_path: Path, predict: Callable[..., Ended]
) -> None:
    texts = [tmp_path / "first.txt", tmp_path / "second.txt"]
    for path, lines in zip(texts, (LINES[:2], LINES[3:]), strict=True):
        path.write_text("\n".join(lines))
    expected = translated(moved, LINES[:2] + LINES[3:], beam=4, length_penalty=0.6)
    assert predict(moved, *texts, given=b"three").lines == expected
    broken = predict(moved, texts[0], tmp_path / "none.txt")
    assert broken == Ended(2, expected[:2], f"nas: error: cannot read {tmp_path}/none.txt: No such file or directory\n")


def test_beam_and_length_penalty_are_the_export_s_unless_asked_otherwise(
    moved: Path, predict: Callable[..., Ended]
) -> None:
    given = "\n".join(LINES).encode()
    asked = {
        ("--beam", "1"): {"beam": 1, "length_penalty": 0.6},
        ("--length-penalty", "-4"): {"beam": 4, "length_penalty": -4.0},
        ("--beam", "3", "--length-penalty", "8"): {"beam": 3, "length_penalty": 8.0},
    }
    for options, decoding in asked.items():
        assert predict(moved, *options, given=given).lines == translated(moved, LINES, **decoding)
    config = read_json(moved / "config.json")
    write_json(moved / "config.json", {**config, "decoding": {"beam": 2, "length_penalty": -2.0, "least_tokens": 5}})
    expected = translated(moved, LINES, beam=2, length_penalty=-2.0, least_tokens=5)
    assert predict(moved, given=given).lines == expected


def test_a_line_that_is_not_utf_8_is_named_after_the_translations_of_those_before(
    moved: Path, predict: Callable[..., Ended]
) -> None:
    ended = predict(moved, given=b"one two\n\nthree\nf\xfcnf\nsix\n")
    assert ended.lines == translated(moved, ["one two", "", "three"], beam=4, length_penalty=0.6)
    expected = "standard input, line 4 is not UTF-8 (invalid start byte at byte 1); convert it to UTF-8"
    assert (ended.code, ended.error) == (2, f"nas: error: {expected}\n")


def test_a_line_stays_one_line_even_if_the_network_writes_ends_of_lines(
    moved: Path, predict: Callable[..., Ended]
) -> None:
    weights, metadata = read_tensors(moved / "model.safetensors")
    newline = Subwords((moved / "subwords.model").read_bytes()).encode(["\n"])[0][-1]
    # whatever it reads, the network's last vector is that of the subword
    weights["embedding.weight"][:, 0] = 0
    weights["embedding.weight"][newline, 0] = 1
    weights["decoder_norm.weight"].zero_()
    weights["decoder_norm.bias"].zero_()[0] = 30
    write_tensors(moved / "model.safetensors", weights, metadata)
    assert "\n" in translated(moved, ["one"])[0]
    assert len(predict(moved, given=b"one\ntwo\n").lines) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["empty"], "no export in empty: it has no config.json; write one with nas export RUN ID"),
        (["none"], "no export in none: it has no config.json"),
        (["moved", "--beam", "0"], "argument --beam: '0' must be a whole number of 1 or more"),
        (["moved", "--length-penalty", "99"], "length_penalty needs a number from -10 to 10; found 99.0"),
        (["moved", "--length-penalty", "nan"], "length_penalty needs a number from -10 to 10; found nan"),
        (["moved", "empty"], "cannot read empty: Is a directory"),
        (["classifier"], "classifier classifies images; name some: nas predict classifier FILE"),
        (["classifier", "--beam", "2"], "classifier classifies images; there is no option --beam: it takes --backend"),
    ],
)
def test_a_mistake_is_one_line(
    moved: Path,
    classifier_copy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mistake: Callable[..., str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert mistake("predict", *arguments).startswith(said)


def test_an_export_without_its_own_subwords_is_refused(moved: Path, mistake: Callable[..., str]) -> None:
    path = moved / "subwords.model"
    path.write_bytes(path.read_bytes()[:-1])
    assert "subwords.model is damaged: its sha256 is " in mistake("predict", moved)
    path.unlink()
    assert mistake("predict", moved).endswith(
        "subwords.model is missing; write the export again with nas export RUN ID"
    )
    config = read_json(moved / "config.json")
    write_json(moved / "config.json", {**config, "preprocessing": {}})
    assert mistake("predict", moved).endswith("is not that of an export of this version (KeyError: 'subwords')")
    write_json(moved / "config.json", {**config, "decoding": {"beams": 3}})
    assert "config.json is not that of an export of this version (TypeError: " in mistake("predict", moved)


def test_images_of_a_task_are_classified_as_the_run_s_network_classifies_them(
    classifier: Path, tmp_path: Path, predict: Callable[..., Ended]
) -> None:
    images_NCHW, _, rows = Digits().split("test")
    (inputs_NCHW,) = next(Digits().batches("test", 20)).inputs
    paths = [saved(tmp_path / f"{number}.png", images_NCHW[row, 0]) for number, row in enumerate(rows[:20])]
    with torch.no_grad():
        probabilities_NC = nas.load(classifier)(inputs_NCHW).softmax(-1)
    found = [line.split("\t") for line in predict(classifier, *paths).lines]
    assert [(name, label) for name, label, _ in found] == [
        (str(path), str(place)) for path, place in zip(paths, probabilities_NC.argmax(-1).tolist(), strict=True)
    ]
    expected = probabilities_NC.amax(-1).tolist()
    assert [float(probability) for *_, probability in found] == pytest.approx(expected, abs=1e-4)
    assert len({label for _, label, _ in found}) > 3


def saved(path: Path, image_SS: Tensor) -> Path:
    """A digit as a file of 8 bits, in which its 17 shades are spread over all 256."""
    Image.fromarray((image_SS.float() * 255 / 16).round().to(torch.uint8).numpy()).save(path)
    return path


def test_colour_size_and_orientation_of_a_file_do_not_matter(
    classifier: Path, tmp_path: Path, predict: Callable[..., Ended]
) -> None:
    plain = Image.open(saved(tmp_path / "plain.png", Digits().split("test").images_NCHW[7, 0]))
    whole = plain.resize((64, 64), Image.Resampling.NEAREST)
    whole.save(tmp_path / "large.png")
    whole.convert("RGB").save(tmp_path / "coloured.png")
    whole.convert("RGBA").save(tmp_path / "transparent.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    whole.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=turned)
    whole.save(tmp_path / "photo.jpg", quality=95)
    names = ("large.png", "coloured.png", "transparent.png", "turned.png", "photo.jpg")
    large, *others, photo = (
        line.split("\t")[1:] for line in predict(classifier, *(tmp_path / name for name in names)).lines
    )
    assert all(other == large for other in others)
    assert photo[0] == large[0]
    assert float(photo[1]) == pytest.approx(float(large[1]), abs=0.02)


def test_an_image_that_cannot_be_read_is_named_after_the_classes_of_those_before(
    classifier: Path, tmp_path: Path, predict: Callable[..., Ended]
) -> None:
    good = saved(tmp_path / "good.png", Digits().split("test").images_NCHW[0, 0])
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:-25])
    (tmp_path / "text.png").write_text("no image")
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "deep.png")
    said = {
        "none.png": "cannot read {}: No such file or directory",
        "text.png": "{} is no image of a known format; PNG and JPEG are",
        "deep.png": "cannot read {}: its pixels are of mode I;16; save it with 8 bits a channel",
        "cut.png": "cannot read {}: ",
    }
    (before,) = predict(classifier, good).lines
    for name, words in said.items():
        ended = predict(classifier, good, tmp_path / name, good)
        assert (ended.code, ended.lines) == (2, [before])
        assert ended.error.startswith(f"nas: error: {words.format(tmp_path / name)}")
        assert ended.error.count("\n") == 1
