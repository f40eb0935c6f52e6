"""The README's commands, run in their order with few steps, in a folder that holds only the experiments."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.guides import ROOT, short

README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    """The words of every `nas` command of the README's shell blocks, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("nas ")]


def needs_data(words: list[str]) -> bool:
    """Whether the command reads data that is neither shipped nor made."""
    return "--data" in words or bool(re.search(r"cifar10|wmt14", shlex.join(words)))


def test_the_readme_names_every_command() -> None:
    named = {words[1] for words in commands()}
    assert named >= {"describe", "run", "train", "search", "compare", "study", "retrain", "export", "report"}
    assert "\nnas predict " in README


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_readmes_commands_run_in_their_order(have_run: Callable[[str], None], command: Callable[..., str]) -> None:
    # `make demo` has run
    have_run("digits")
    have_run("phrases")
    for words in commands():
        if not needs_data(words):
            printed = command(*short(words))
            pages = re.findall(r"^report +(\S+)$", printed, re.MULTILINE)
            assert len(pages) == (words[1] in ("run", "report"))
            assert all(Path(page).is_file() for page in pages)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", [words for words in commands() if needs_data(words)], ids=shlex.join)
def test_the_readmes_commands_on_real_data_run(
    words: list[str], request: pytest.FixtureRequest, command: Callable[..., str]
) -> None:
    data = request.getfixturevalue("cifar10_root" if "cifar10" in shlex.join(words) else "translation_root")
    few = ["--quality.batch_size", "2000"] if "cifar10" in shlex.join(words) else ["--task.vocabulary", "500"]
    placed = [str(data) if word == "DATA" else word for word in words]
    printed = command(*short(placed), "--evaluations", "2", "--selection.finalists", "1", *few)
    assert Path(re.findall(r"^report +(\S+)$", printed, re.MULTILINE)[0]).is_file()
