"""The guide's tables against the code, its files and commands as they stand in it."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nas.cli import command_parser
from nas.describe.architecture_file import described
from nas.evaluators.flops import Flops
from nas.experiment.loading import load
from nas.experiment.overrides import split_overrides
from nas.runs.run import Run
from nas.search_space import presets
from nas.strategies.named import STRATEGIES
from nas.system.files import read_json
from tests.docs.guides import ROOT, blocks, commands, short, table_rows, text_of

GUIDE = "reproduce-a-paper.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the guide's files."""
    for block in blocks(GUIDE, "python"):
        (tmp_path / block.splitlines()[0].removeprefix("# ")).write_text(block, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(options: tuple[int, ...]) -> str:
    return ", ".join(map(str, options)) if len(options) < 6 else f"{options[0]} to {options[-1]}"


@pytest.mark.parametrize("name", [name for name in table_rows(GUIDE) if hasattr(presets, name)])
def test_the_table_of_spaces_is_what_the_presets_have(name: str) -> None:
    _, width, layers, heads, ffn, size, alone = table_rows(GUIDE)[name]
    space: Any = getattr(presets, name)()
    softmax = getattr(presets, name)(*(("softmax",),) * (2 if hasattr(space, "decoder") else 1))
    assert (size, alone) == (f"{space.size():.2g}", f"{softmax.size():.2g}")
    encoder = space.encoder
    assert (width, heads) == (written(encoder.embed_dim), written(encoder.num_heads))
    options = encoder.ffn_dim or tuple(int(x) if x == int(x) else x for x in encoder.ffn_ratio)
    assert re.fullmatch(rf"{written(options)}( times.*)?", ffn)
    decoder_layers = f" and {written(space.decoder.depth)}" if hasattr(space, "decoder") else ""
    assert layers == written(encoder.depth) + decoder_layers


def test_every_space_of_a_paper_is_in_the_table() -> None:
    papers = {name for name in vars(presets) if re.fullmatch(r"(autoformer|mixformer|hat)_\w+", name)}
    assert papers == {name for name in table_rows(GUIDE) if hasattr(presets, name)}
    assert {"autoformer", "hat", "ranknas"} <= set(STRATEGIES)


@pytest.mark.slow
def test_flops_are_those_of_the_table_and_round_to_the_published_ones(
    folder: Path, command: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    exec(compile(Path("architectures.py").read_text(), "architectures.py", "exec"), {})
    rows = {name: cells for name, cells in table_rows(GUIDE).items() if name.endswith(".json")}
    assert set(rows) == {path.name for path in folder.glob("*.json")}
    for name, (counted, published) in rows.items():
        network = described(read_json(Path(name)), name)
        flops = Flops(of="body" if "transformer" in name else "network")(network.task, network.architecture)
        assert f"{flops:,.0f}" == counted
        assert f"{flops / 1e9:.2f} G" in published
        assert counted in command("describe", name)
    shown = [command("describe", *words[2:]) for words in commands(GUIDE) if "3136" in words]
    long = [int(re.search(r"in all +([\d,]+)", text)[1].replace(",", "")) for text in shown]  # type: ignore[index]
    said = re.search(r"saves (\d+) %, ([\d.]+) G instead of ([\d.]+) G", text_of(GUIDE))
    assert said is not None
    assert (f"{long[1] / 1e9:.1f}", f"{long[0] / 1e9:.1f}") == (said[2], said[3])
    assert round(100 * (1 - long[1] / long[0])) == int(said[1])


def test_commands_at_full_size_are_words_that_the_command_line_knows() -> None:
    (full,) = blocks(GUIDE, "text")
    for line in full.splitlines():
        _, *arguments = shlex.split(line)
        rest, overrides = split_overrides(arguments, {"--data", "--processes", "--ray"})
        parsed = command_parser().parse_args(rest)
        assert overrides == {}
        experiment = load(str(ROOT / parsed.experiment)).experiment
        assert experiment.costs[0](experiment.task, experiment.space.smallest()) > 0


def test_scaled_spaces_have_as_many_networks_as_the_papers(folder: Path) -> None:
    for name, space in (("autoformer", presets.autoformer_small()), ("hat", presets.hat_wmt14())):
        assert load(f"scaled.py:{name}").experiment.space.size() == space.size()


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_guides_commands_run_in_their_order(command: Callable[..., str]) -> None:
    for words in commands(GUIDE):
        if words[0] == "python":
            assert words[1:] == ["architectures.py"]
            exec(compile(Path(words[1]).read_text(), words[1], "exec"), {})
        else:
            command(*short(words))
    for name in ("autoformer", "hat"):
        assert len(Run(Path(f"results/scaled-{name}")).retrained()) == 1
        assert Path(f"results/scaled-{name}/report/index.html").is_file()
