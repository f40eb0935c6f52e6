"""The gate of feature fixation, whom it serves, and where the kind has a meaning."""

import pytest
import torch
from torch.testing import assert_close

from nas.models.attention import Cosformer, Fixation, Linear, Lrpe, Site

KINDS = [Fixation(), Fixation(Linear()), Fixation(Cosformer()), Fixation(Lrpe()), Fixation(gate="unshared")]


@pytest.mark.parametrize("gate", ["shared", "unshared"])
def test_gates_lie_strictly_between_zero_and_one(gate):
    torch.manual_seed(0)
    mixer = Fixation(gate=gate).build(2, 8, Site((5,))).double()
    gates = [mixer.gate] if gate == "shared" else [mixer.gate, mixer.key_gate]
    for found in (each(*torch.randn(3, 2, 2, 5, 8).double()) for each in gates):
        assert found.shape == (2, 2, 5, 8)
        assert ((found > 0) & (found < 1)).all()
        assert found.std() > 0.1


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_open_gates_leave_the_kind_as_it_is(kind):
    torch.manual_seed(0)
    mixer = kind.build(2, 8, Site((5,), causal=True)).double()
    for gate in {mixer.gate, mixer.key_gate or mixer.gate}:
        # sigmoid(40) is 1 to the last digit
        gate.q.bias.data.fill_(40)
        for part in (gate.q, gate.k, gate.v):
            part.weight.data.zero_()
    q, k, v = torch.randn(3, 2, 2, 5, 8, dtype=torch.float64)
    assert_close(mixer(q, k, v), mixer.of(q, k, v))


def test_a_closed_gate_of_keys_hides_their_features_and_of_queries_too():
    """Of two features, the closed one weighs nothing, on whichever side it is closed."""
    for side in ("gate", "key_gate"):
        mixer = Fixation(Linear("relu"), gate="unshared").build(1, 2, Site((3,))).double()
        for gate in (mixer.gate, mixer.key_gate):
            for part in (gate.q, gate.k, gate.v):
                part.weight.data.zero_()
            gate.q.bias.data.fill_(40)
        getattr(mixer, side).q.bias.data[1] = -1000
        q, k, v = torch.rand(3, 1, 1, 3, 2, dtype=torch.float64)
        weights = q[..., :1] @ k[..., :1].mT
        assert_close(mixer(q, k, v), weights / weights.sum(-1, keepdim=True) @ v)


def test_a_gate_reads_the_query_the_key_and_the_value_of_its_token():
    mixer = Fixation().build(1, 4, Site((3,)))
    q, k, v = torch.randn(3, 1, 1, 3, 4)
    before = mixer.gate(q, k, v)
    for changed in range(3):
        inputs = [x.clone() for x in (q, k, v)]
        inputs[changed][:, :, 1] += 1
        differs = (mixer.gate(*inputs) != before).any(-1)[0, 0]
        assert differs.tolist() == [False, True, False]


def test_one_gate_serves_all_heads_and_has_one_matrix_for_each_input():
    shapes = {name: tuple(x.shape) for name, x in Fixation(gate="unshared").build(3, 8, Site((5,))).named_parameters()}
    expected = {"q.weight": (8, 8), "q.bias": (8,), "k.weight": (8, 8), "v.weight": (8, 8)}
    assert shapes == {f"{gate}.{name}": shape for gate in ("gate", "key_gate") for name, shape in expected.items()}
    assert {name.split(".")[0] for name, _ in Fixation().build(3, 8, Site((5,))).named_parameters()} == {"gate"}


def test_a_gate_starts_as_a_layer_of_three_times_the_width_would():
    torch.manual_seed(0)
    weights = torch.cat([part.weight for part in Fixation().build(1, 64, Site((5,))).gate.children()])
    bound = (3 * 64) ** -0.5
    assert 0.99 * bound < weights.abs().max() <= bound


def test_padding_is_no_ones_neighbour():
    torch.manual_seed(0)
    mixer = Fixation(shift="temporal").build(1, 4, Site((5,)))
    keep = torch.tensor([[False, True, True, True, False]])
    padded = mixer(*torch.randn(3, 1, 1, 5, 4), keep)
    assert padded.shape == (1, 1, 5, 4)
    q, k, v = torch.randn(3, 1, 1, 5, 4)
    assert_close(mixer(q, k, v, keep)[:, :, 1:4], mixer(*(x[:, :, 1:4] for x in (q, k, v))))


@pytest.mark.parametrize(
    ("kind", "head_dim", "site", "message"),
    [
        (Fixation(), 8, Site((5,), cross=True), "fixation has no meaning between two sequences"),
        (Fixation(Lrpe(across=True)), 8, Site((5,), cross=True), "fixation has no meaning between two sequences"),
        (Fixation(shift="temporal"), 8, Site((5,), causal=True), "no meaning in causal attention"),
        (Fixation(shift="spatial"), 16, Site((5,)), "spatial shift needs a grid"),
        (Fixation(shift="spatial"), 8, Site((5, 5)), "head_dim that divides by 16, found 8"),
        (Fixation(Lrpe()), 5, Site((5,)), "core rotation needs a head_dim that divides by 2, found 5"),
    ],
)
def test_places_without_meaning_are_refused(kind, head_dim, site, message):
    with pytest.raises(ValueError, match=message):
        kind.build(2, head_dim, site)
