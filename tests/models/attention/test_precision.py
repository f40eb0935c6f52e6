"""Digits: sums in float32 whatever the inputs and autocast, outputs of the type of the values, for every kind."""

import pytest
import torch
from torch.testing import assert_close

from nas.models.attention import Site, attention_kind
from tests.models.attention.variants import CAUSAL, GRID_OF, GRIDS, KINDS, WIDTH, inputs, made, sites_on


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "temporal" not in kind])
def test_sums_under_autocast_keep_their_digits(kind):
    for where in sites_on(kind, (32, 32)):
        mixer = attention_kind(kind).build(2, WIDTH, where)
        # 1,024 keys with features up to 11
        rounded = [x.bfloat16() for x in 10 * torch.rand(3, 1, 2, 1024, WIDTH)]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            reduced = mixer(*rounded)
        # the same inputs: what differs is the mixing, and the rounding of what it gives (8 bits)
        assert_close(reduced.float(), mixer(*(x.float() for x in rounded)), rtol=2**-7, atol=2**-7)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "temporal" not in kind])
def test_sums_beyond_float16_stay_finite(kind):
    for where in sites_on(kind, (32, 32)):
        # 1,024 keys with features of 11 and queries of 11, in 16 channels: weights that sum to 30 times 65,504
        leaves = torch.full((3, 1, 2, 1024, WIDTH), 10.0)
        mixer = attention_kind(kind).build(2, WIDTH, where)
        with torch.autocast("cpu", dtype=torch.float16):
            assert mixer(*leaves.half()).isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64], ids=str)
def test_outputs_are_of_the_type_of_the_values(kind, dtype):
    grid = GRID_OF[kind]
    leaves = inputs(12, dtype=dtype)
    assert made(kind, Site(grid), dtype)(*leaves).dtype == dtype
    # as in a supernet whose weights stay in float32
    assert made(kind, Site(grid), torch.float32)(*leaves).dtype == dtype
    if kind in CAUSAL:
        mixer = made(kind, Site(grid, causal=True), torch.float32)
        assert mixer.step(mixer.start(), *(x[:, :, :1] for x in leaves))[0].dtype == dtype


@pytest.mark.parametrize(("kind", "grid"), GRIDS)
def test_single_precision_keeps_its_digits(kind, grid):
    double, single = (made(kind, Site(grid), dtype) for dtype in (torch.float64, torch.float32))
    single.load_state_dict(double.state_dict())
    leaves = inputs(12)
    assert_close(single(*(x.float() for x in leaves)).double(), double(*leaves), rtol=1e-4, atol=1e-4)
