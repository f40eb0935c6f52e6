"""Values that no experiment can have: one line, exit code 2, and no folder, from the command line and from a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

BY_NAME = [
    (["--seed", "1e30"], "seed needs a whole number from 0 to 4,294,967,295; found 1000000000000000019884624838656"),
    (["--seed", "9" * 5_000], "--seed '999"),
    (["--anchors", "-1"], "anchors needs a whole number from 0 to 10,000; found -1"),
    (["--evaluations", "1e18"], "evaluations needs a whole number from 1 to 10,000,000; found 1000000000000000000"),
    (["--selection.top", "1e9"], "top needs a whole number from 1 to 10,000; found 1000000000"),
    (["--selection.arms", "scratch,scratch"], "arms = ('scratch', 'scratch'); name each once"),
    (["--supernet.threads", "100000"], "threads needs a whole number from 1 to 512; found 100000"),
    (["--supernet.weight_decay", "-1"], "weight_decay needs a number from 0 to 100; found -1.0"),
    (["--retrain.average", "1e9"], "average needs a whole number from 0 to 1,000; found 1000000000"),
    (["--task.drop_path", "2"], "drop_path needs a number from 0 to below 1; found 2.0"),
    (["--task.augmentation.shift", "1e9"], "shift needs a whole number from 0 to 256; found 1000000000"),
    (["--task.augmentation.groups", "0"], "groups needs a whole number from 1 to 1,000,000; found 0"),
    (["--space.encoder.head_dim", "0"], "head_dim needs a whole number from 1 to 100,000 or None; found 0"),
    (["--space.encoder.head_dim", "-8"], "head_dim needs a whole number from 1 to 100,000 or None; found -8"),
    (["--space.encoder.embed_dim", "1e12"], "embed_dim needs a tuple, each a whole number from 1 to 100,000; found"),
    (["--space.encoder.depth", "1000000"], "depth needs a tuple, each a whole number from 1 to 1,000; found"),
    (["--space.encoder.num_heads", "1e6"], "num_heads needs a tuple, each a whole number from 1 to 1,000; found"),
    (["--space.encoder.ffn_dim", "8)16"], "the brackets of '8)16' do not match"),
    (["--space.encoder.attention", "softmax)(linear"], "the brackets of 'softmax)(linear' do not match"),
    (["--space.encoder.embed_dim", "100000", "--space.encoder.ffn_dim", "1000000"], "training the largest network of"),
    (["--strategy", "gp(minimize=1)"], "minimize needs a tuple, each a text; found 1"),
    (["--strategy", "tpe(startup=1e9)"], "startup needs a whole number from 1 to 100,000; found 1000000000.0"),
    (["--quality.batch_size", "0"], "batch_size needs a whole number from 1 to 10,000,000; found 0"),
    (["--retrain.batch_size", "5000"], "batch size 5000 is not within 1 to 897"),
]

IN_A_FILE = [
    ("supernet=replace(experiment.supernet, precision='fp32')", "precision needs one of float32, bf16; found 'fp32'"),
    ("supernet=replace(experiment.supernet, precision='')", "precision needs one of float32, bf16; found ''"),
    ("supernet=replace(experiment.supernet, rule='sandwhich')", "rule needs one of single_path, sandwich; found 'sand"),
    ("retrain=replace(experiment.retrain, weight_decay=-1)", "weight_decay needs a number from 0 to 100; found -1"),
    ("task=Digits(patch_size=4, drop_path=2)", "drop_path needs a number from 0 to below 1; found 2"),
    ("task=Digits(patch_size=4, pooling='sum')", "pooling needs one of "),
    ("task=3", "task needs a Task; found 3"),
    ("generation=2.5", "generation needs a whole number from 1 to 100,000; found 2.5"),
    ("retrain=None", "retrain needs a Training; found None"),
    ("test_quality=5", "test_quality needs a Quality or None; found 5"),
    ("costs=('flops',)", "costs needs a tuple, each a Cost; found ('flops',)"),
    ("strategy=Evolution(minimize='flops')", "minimize needs a tuple, each a text; found 'flops'"),
    ("selection=Selection(arms=('scratch', 'scratch'))", "arms = ('scratch', 'scratch'); name each once"),
    ("evaluations=float('nan')", "evaluations needs a whole number from 1 to 10,000,000; found nan"),
]


@pytest.mark.parametrize(("arguments", "said"), BY_NAME)
def test_by_name_it_is_one_line_that_leaves_no_folder(
    tiny: Path, mistake: Callable[..., str], arguments: list[str], said: str
) -> None:
    assert mistake("run", "tiny.py", "--workers", "1", *arguments).startswith(said)
    assert not Path("results").exists()


@pytest.mark.parametrize(("changed", "said"), IN_A_FILE)
def test_in_a_file_it_is_one_line_with_its_place(
    tiny: Path, mistake: Callable[..., str], changed: str, said: str
) -> None:
    text = tiny.read_text()
    tiny.write_text(f"{text}\nfrom dataclasses import replace\n\nexperiment = replace(experiment, {changed})\n")
    assert mistake("run", "tiny.py").startswith(f"tiny.py, line {len(text.splitlines()) + 4}: {said}")
    assert not Path("results").exists()


@pytest.mark.parametrize("listed", [",,,", "", "tpe,tpe", "tpe)(gp", "tpe,,gp"])
def test_a_malformed_list_of_strategies_is_one_line(tiny: Path, mistake: Callable[..., str], listed: str) -> None:
    assert mistake("compare", "tiny.py", "--strategies", listed).startswith("argument --strategies: ")
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--workers", "1e9"),
        ("--workers", "-1"),
        ("--timeout", "nan"),
        ("--timeout", "0"),
        ("--gpus", "inf"),
        ("--processes", "0"),
    ],
)
def test_an_option_has_a_range(tiny: Path, mistake: Callable[..., str], option: str, value: str) -> None:
    assert f"argument {option}: '{value}' must be " in mistake("run", "tiny.py", option, value)
    assert not Path("results").exists()


def test_a_strategy_named_anew_is_the_one_whose_settings_are_changed(tiny: Path, command: Callable[..., str]) -> None:
    printed = command("describe", "tiny.py", "--strategy", "tpe", "--strategy.minimize", "parameters")
    assert "10 evaluations by OptunaSampler" in printed
