"""The contenders of the decoding benchmark do the same work."""

from pathlib import Path

import pytest
import torch

from nas.models.seq2seq import END

ROOT = Path(__file__).parents[2]
SOURCE = torch.tensor([[7, 99, 4000, 12], [512, 8, 8, 7000]])


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    """Benchmarks are scripts, which find their parts beside themselves."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def without_ends(model):
    """The model, to which tokens that are no text are never the likeliest: only ours forbids them all."""
    model.embedding.weight.data[: END + 1] = 0
    return model


def test_greedy_contenders_with_our_weights_find_our_translations():
    from parts.decoding_rivals import PlainLoop, ctranslate2, missing, network, ours

    torch.manual_seed(0)
    model = without_ends(network(128, layers=2))
    expected = ours(model)(SOURCE, 6, 1)
    assert PlainLoop(model)(SOURCE, 5, 1) == expected
    assert missing("ctranslate2") or ctranslate2(model)(SOURCE, 5, 1) == expected


def test_beams_of_the_usual_loop_and_of_ctranslate2_find_the_same():
    pytest.importorskip("ctranslate2")
    from parts.decoding_rivals import PlainLoop, ctranslate2, network

    torch.manual_seed(0)
    model = without_ends(network(128, layers=2))
    assert PlainLoop(model)(SOURCE, 5, 5) == ctranslate2(model)(SOURCE, 5, 5)


@pytest.mark.parametrize("tokens", [2, 9])
def test_contenders_decode_as_many_tokens_as_they_are_asked_for(tokens):
    from parts.decoding_rivals import PlainLoop, ctranslate2, hugging_face, missing, network, ours

    model = network(128, layers=1)
    rivals = {"ctranslate2": ctranslate2, "transformers": hugging_face}
    sides = [PlainLoop(model), *(made(model) for package, made in rivals.items() if not missing(package))]
    for beam in (1, 3):
        assert {len(found) for side in sides for found in side(SOURCE, tokens, beam)} == {tokens}
        # the end is one of them, and not given back
        assert {len(found) for found in ours(model)(SOURCE, tokens, beam)} == {tokens - 1}
