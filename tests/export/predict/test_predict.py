import io
import json
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
from nas.export.read.config import fingerprint
from nas.export.read.network import open_export
from nas.models.decoding import Decoding
from nas.system.files import read_json, write_json
from nas.system.tensors import read_tensors, write_tensors
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


@pytest.mark.parametrize("lines", [[""], [""] * (3 * CHUNK), ["", "  ", ""], [""] * CHUNK + ["six"]])
def test_every_line_has_its_line_where_all_that_are_translated_at_once_are_empty(
    moved: Path, predict: Callable[..., Ended], lines: list[str]
) -> None:
    ended = predict(moved, given="".join(f"{line}\n" for line in lines).encode())
    assert (ended.code, ended.error) == (0, "")
    assert ended.lines == [
        translated(moved, ["six"], beam=4, length_penalty=0.6)[0] if line.strip() else "" for line in lines
    ]


def test_a_byte_order_mark_is_no_part_of_the_text(moved: Path, tmp_path: Path, predict: Callable[..., Ended]) -> None:
    (tmp_path / "marked.txt").write_text("six\nfive\n", encoding="utf-8-sig")
    expected = translated(moved, ["six", "five"], beam=4, length_penalty=0.6)
    assert predict(moved, tmp_path / "marked.txt", tmp_path / "marked.txt").lines == expected * 2


def test_a_text_without_a_line_feed_is_refused_by_its_name(
    moved: Path, tmp_path: Path, mistake: Callable[..., str]
) -> None:
    (tmp_path / "old.txt").write_bytes(b"one\rtwo\rthree\r")
    said = (
        f"{tmp_path / 'old.txt'} has carriage returns and no line feed; end its lines with line feeds: tr '\\r' '\\n'"
    )
    assert mistake("predict", moved, tmp_path / "old.txt") == said


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


def write_weights(export: Path, weights: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Other weights, as if the export had been written with them."""
    write_tensors(export / "model.safetensors", weights, metadata or {})
    config = read_json(export / "config.json")
    config["files"]["model.safetensors"] = fingerprint(export / "model.safetensors")
    write_json(export / "config.json", config)


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
    write_weights(moved, weights, metadata)
    assert "\n" in translated(moved, ["one"])[0]
    assert len(predict(moved, given=b"one\ntwo\n").lines) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["empty"], "no export in empty: it has no config.json; write one with nas export RUN ID"),
        (["none"], "no export in none: it has no config.json"),
        (["moved", "--beam", "0"], "argument --beam: '0' must be a whole number of 1 or more"),
        (
            ["moved", "--beam", "9" * 5_000],
            "argument --beam: '999999999' must be a whole number of 1 or more, of at most 9",
        ),
        (["moved", "--beam", "999999999"], "beam needs a whole number from 1 to 100; found 999999999"),
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


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_a_transparent_image_is_seen_before_a_ground(
    classifier: Path, tmp_path: Path, predict: Callable[..., Ended], mode: str
) -> None:
    """Ink in the channel of transparency alone: without a ground, all its pixels have one colour."""
    ink_SS = Image.open(saved(tmp_path / "ink.png", Digits().split("test").images_NCHW[7, 0]))
    for ground, colour in (("white", 0), ("black", 255)):
        drawn = Image.new("RGBA", ink_SS.size, (colour,) * 3)
        drawn.putalpha(ink_SS)
        path = tmp_path / f"{ground}.png"
        drawn.convert(mode).save(path)
        # before white, black ink of strength 17 is what is left of 255
        seen = ink_SS if ground == "black" else Image.eval(ink_SS, lambda value: 255 - value)
        if mode == "P":
            # a palette has one alpha a colour
            seen = Image.alpha_composite(Image.new("RGBA", ink_SS.size, ground), Image.open(path).convert("RGBA"))
        seen.save(tmp_path / "plain.png")
        (expected,) = predict(classifier, tmp_path / "plain.png").lines
        for options in ([], ["--ground", "white"]) if ground == "white" else (["--ground", "black"],):
            (found,) = predict(classifier, path, *options).lines
            assert found.split("\t")[1:] == expected.split("\t")[1:]


def test_odd_names_of_files_keep_one_line_for_each(
    classifier: Path, tmp_path: Path, predict: Callable[..., Ended]
) -> None:
    good = saved(tmp_path / "good.png", Digits().split("test").images_NCHW[0, 0])
    names = ["a\tb.png", "a\nb.png", "ü\u2028.png"]
    paths = [shutil.copy(good, tmp_path / name) for name in names]
    (answer,) = (line.split("\t")[1:] for line in predict(classifier, good).lines)
    lines = predict(classifier, *paths).lines
    assert [line.split("\t")[1:] for line in lines] == [answer] * 3
    assert [line.split("\t")[0].rpartition("/")[2] for line in lines] == ["a\\tb.png", "a\\nb.png", "ü\\u2028.png"]
    # no UTF-8, which JSON can say and a table cannot
    paths.append(shutil.copy(good, tmp_path / os.fsdecode(b"\xff.png")))
    answers = [json.loads(line) for line in predict(classifier, *paths, "--output", "json").lines]
    assert [each["file"] for each in answers] == [str(path) for path in paths]
    assert [[each["class"], f"{each['probability']:.4f}"] for each in answers] == [answer] * 4


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_scores_that_are_not_finite_are_refused(
    classifier_copy: Path, tmp_path: Path, mistake: Callable[..., str], backend: str
) -> None:
    good = saved(tmp_path / "good.png", Digits().split("test").images_NCHW[0, 0])
    config = read_json(classifier_copy / "config.json")
    # pixels beyond the numbers of 4 bytes: the network's products overflow
    config["preprocessing"]["mean"] = [-1e38]
    config["preprocessing"]["std"] = [1e-3]
    write_json(classifier_copy / "config.json", config)
    said = mistake("predict", classifier_copy, good, "--backend", backend)
    assert said == "the network gives scores that are no finite numbers; its weights are damaged"


def test_a_translator_with_scores_that_are_not_finite_is_refused(moved: Path, mistake: Callable[..., str]) -> None:
    weights, _ = read_tensors(moved / "model.safetensors")
    write_weights(moved, {**weights, "decoder_norm.weight": weights["decoder_norm.weight"] * 0 + 3e38})
    (moved.parent / "text").write_text("one\n")
    for beam in (1, 4):
        said = mistake("predict", moved, moved.parent / "text", "--beam", beam)
        assert said == "the network gives scores that are no finite numbers; its weights are damaged"


def test_an_image_that_cannot_be_read_is_named_after_the_classes_of_those_before(
    classifier: Path, tmp_path: Path, predict: Callable[..., Ended]
) -> None:
    good = saved(tmp_path / "good.png", Digits().split("test").images_NCHW[0, 0])
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:-25])
    (tmp_path / "text.png").write_text("no image")
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "deep.png")
    # an interpreter of programs would be started for it
    Image.open(good).save(tmp_path / "drawing.eps")
    os.mkfifo(tmp_path / "pipe.png")
    said = {
        "none.png": "cannot read {}: No such file or directory",
        "text.png": "{} is no image of a known format; these are: PNG, JPEG, WEBP, GIF, BMP, TIFF, PPM",
        "drawing.eps": "{} is no image of a known format; these are: PNG, JPEG, ",
        "pipe.png": "cannot read {}: it is no regular file; write the image into one",
        "deep.png": "cannot read {}: its pixels are of mode I;16; save it with 8 bits a channel",
        "cut.png": "cannot read {}: ",
    }
    (before,) = predict(classifier, good).lines
    for name, words in said.items():
        ended = predict(classifier, good, tmp_path / name, good)
        assert (ended.code, ended.lines) == (2, [before])
        assert ended.error.startswith(f"nas: error: {words.format(tmp_path / name)}")
        assert ended.error.count("\n") == 1
