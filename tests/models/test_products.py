"""Products with weights that stay are those of plain linear layers, whichever way they take."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from nas.models.products import FEW_ROWS, LARGE, Product, can_block


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize(("inputs", "outputs"), [(8, 6), (512, 520)])
@pytest.mark.parametrize("biased", [True, False])
def test_products_are_those_of_a_linear_layer_for_any_number_of_rows(dtype, inputs, outputs, biased):
    torch.manual_seed(0)
    weight, bias = torch.randn(outputs, inputs, dtype=dtype), torch.randn(outputs, dtype=dtype) if biased else None
    product = Product(weight, bias)
    with torch.inference_mode():
        for rows in (1, FEW_ROWS.start, FEW_ROWS.stop - 1, FEW_ROWS.stop, 40):
            x = torch.randn(rows, inputs, dtype=dtype)
            assert_close(
                product(x), F.linear(x, weight, bias), rtol=2e-2 if dtype == torch.bfloat16 else 1e-5, atol=1e-3
            )


def test_later_changes_of_the_weights_are_not_seen():
    weight, bias, x = torch.randn(6, 8), torch.randn(6), torch.randn(3, 8)
    product = Product(weight, bias)
    before = product(x)
    weight.zero_()
    bias.zero_()
    assert torch.equal(product(x), before)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN")
def test_only_large_weights_of_float32_are_put_in_blocks():
    large = torch.zeros(512, LARGE // 512)
    assert can_block(large)
    assert not can_block(large[:, 1:])
    assert not can_block(large.double())
    assert not can_block(large.to("meta"))
