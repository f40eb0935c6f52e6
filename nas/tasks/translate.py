"""Lines of text to their translations: subwords, decoding in batches of like length, and text again."""

from collections.abc import Sequence

import numpy as np
import torch

from nas.models.decoding import Decoding, Tokens, Translator
from nas.models.seq2seq import END, PAD, Seq2Seq
from nas.tasks.texts.subwords import Subwords
from nas.tasks.texts.token_batches import in_order, padded

BATCH_TOKENS = 2_000


def translate(
    network: Seq2Seq, subwords: Subwords, lines: Sequence[str], decoding: Decoding, batch_tokens: int = BATCH_TOKENS
) -> list[str]:
    """The translation of each line; of an empty line an empty one.

    Args:
        batch_tokens: Source tokens that are decoded at once, for each hypothesis; changes speed and memory only.
    """
    encoded = [np.array([*tokens, END]) for tokens in subwords.encode(lines)]
    wanted = [place for place, tokens in enumerate(encoded) if len(tokens) > 1]
    found: list[Tokens] = [[] for _ in lines]
    device, translator = next(network.parameters()).device, Translator(network)
    lengths = np.array([len(encoded[place]) for place in wanted], dtype=np.int64)
    for rows in in_order(lengths, batch_tokens):
        places = [wanted[row] for row in rows]
        source_BS = padded([encoded[place] for place in places], PAD).to(device)
        for place, tokens in zip(places, translator(source_BS, decoding), strict=True):
            found[place] = tokens
    return subwords.decode(found)


def check_translator(model: torch.nn.Module) -> Seq2Seq:
    """The network that can be decoded. Raises: ValueError if it is of another family."""
    if not isinstance(model, Seq2Seq):
        raise ValueError(f"translations are decoded from a Seq2Seq network, found {type(model).__name__}")
    return model
