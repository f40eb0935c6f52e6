from collections.abc import Callable

import numpy as np
import pytest

from nas.describe.diagram import PLAIN, TERMINAL, diagram
from nas.evaluators.flops import Flops, count_flops
from nas.evaluators.parameters import Parameters, count_parameters
from nas.evaluators.pieces import piece_values
from nas.search_space import Space
from nas.search_space.presets import small, tiny_translation
from nas.tasks.base import Task
from nas.tasks.digits import Digits
from nas.tasks.parallel import Parallel

LONG = ("softmax", "fixation(of=lrpe(core=complex,basis=fourier),gate=unshared)")
NETWORKS: list[tuple[Task, Space]] = [
    (Digits(patch_size=2), small(LONG)),
    (Parallel(vocabulary=500).at_length(12, 20), tiny_translation(LONG)),
]


@pytest.mark.parametrize(("task", "space"), NETWORKS)
def test_a_line_for_each_piece_with_its_own_costs_and_sums_that_are_the_evaluators_own(
    task: Task, space: Space
) -> None:
    architecture = space.sample(np.random.default_rng(0))
    lines = [line.plain for line in diagram(task, architecture, PLAIN)]
    drawn = [line for line in lines if line.startswith(("|-", "`-", "|    cross", "|    ffn"))]
    assert len(drawn) == len(task.pieces(architecture))
    flops = piece_values(count_flops, task, architecture)
    assert sum(flops) == Flops()(task, architecture)
    largest = max(range(len(drawn)), key=lambda place: flops[place])
    assert "########" in drawn[largest]
    assert f"{100 * flops[largest] / sum(flops):.1f}%" in drawn[largest]
    parameters = sum(piece_values(count_parameters, task, architecture))
    assert parameters == Parameters()(task, architecture)
    assert f"in all       {sum(flops):,} multiply-adds, {parameters:,} parameters" in lines


@pytest.mark.parametrize("strokes", [PLAIN, TERMINAL])
@pytest.mark.parametrize(("task", "space"), NETWORKS)
def test_no_line_is_wider_than_80_and_plain_ones_are_plain(task: Task, space: Space, strokes: object) -> None:
    for seed in range(5):
        for line in diagram(task, space.sample(np.random.default_rng(seed)), strokes):
            assert len(line.plain) <= 80
            assert strokes is TERMINAL or line.plain.isascii()


def test_layers_tell_what_was_chosen_in_them() -> None:
    task, space = NETWORKS[1]
    architecture = space.sample(np.random.default_rng(3))
    text = "\n".join(line.plain for line in diagram(task, architecture, PLAIN))
    assert text.count("|- encoder ") == architecture.encoder.depth
    for layer, block in enumerate(architecture.decoder.blocks, start=1):
        heads = f"{block.self_attention.num_heads} x {block.self_attention.head_dim}"
        assert any(line.startswith(f"|- decoder {layer}") and heads in line for line in text.splitlines())
    assert f"of last {architecture.decoder.blocks[0].cross_attention.encoder_layers}" in text
    body = Flops(of="body")(task, architecture), Parameters("body")(task, architecture)
    assert "{:,.0f} and {:,.0f}, without embedding and output".format(*body) in text


def test_shares_by_site_add_up_to_all() -> None:
    task, space = NETWORKS[1]
    lines = [line.plain for line in diagram(task, space.largest(), PLAIN)]
    sites = [line for line in lines if line.startswith(" " * 13) and "%" in line]
    assert len(sites) == 5
    assert sum(float(line.split("%")[0].split()[-1]) for line in sites) == pytest.approx(100, abs=0.3)


def test_a_network_of_a_users_own_is_one_piece(own_model: object, command: Callable[..., str]) -> None:
    from nas.experiment.loading import load

    experiment = load("own_model.py").experiment
    (_, only, *sums) = [line.plain for line in diagram(experiment.task, experiment.space.largest(), PLAIN)]
    assert only.startswith("`- network")
    assert "100.0%" in only
    assert sums == ["in all       840 multiply-adds, 870 parameters"]
