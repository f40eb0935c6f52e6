"""What decoding is compared with: the usual loop over modules, Hugging Face's generate, and CTranslate2.

Every contender is a function of source tokens, a number of tokens and a beam, and decodes exactly so many tokens.
"""

import logging
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

# transformers imports torchvision where it finds one, which this module can
import nas.tasks.images.vision_library  # noqa: F401
from nas.models.blocks import Attention
from nas.models.decoding import NEVER, Decoding, Tokens, Translator
from nas.models.seq2seq import BEGIN, END, PAD, Seq2Seq, Sources
from nas.search_space import Block, Stack
from nas.search_space.seq2seq import CrossAttention, Decoder, DecoderBlock, SelfAttention, Seq2SeqArchitecture

LAYERS, VOCABULARY, LONGEST = 6, 8000, 512
WIDTHS = {128: (4, 512), 512: (8, 2048)}
"""Heads and hidden width of the feed-forward networks, by width."""

Contender = Callable[[Tensor, int, int], list[Tokens]]


def network(width: int, kind: str = "softmax", across: str = "softmax", layers: int = LAYERS) -> Seq2Seq:
    """A translator of random weights."""
    heads, ffn_dim = WIDTHS[width]
    head_dim = width // heads
    encoder = Stack(width, (Block("softmax", heads, head_dim, ffn_dim),) * layers)
    chosen = SelfAttention(kind, heads, head_dim), CrossAttention(across, heads, head_dim, 1)
    architecture = Seq2SeqArchitecture(encoder, Decoder(width, (DecoderBlock(*chosen, ffn_dim),) * layers))
    return Seq2Seq(architecture, vocabulary=VOCABULARY, longest=LONGEST, dropout=0.0).eval()


def ours(model: Seq2Seq) -> Contender:
    """This project's decoding; the end is one of the tokens."""
    translator = Translator(model)

    def run(source_BS: Tensor, tokens: int, beam: int) -> list[Tokens]:
        return translator(source_BS, Decoding(beam, length_penalty=0, most_tokens=tokens - 1, least_tokens=tokens - 1))

    return run


class PlainLoop:
    """The usual loop: modules are called, queries, keys and values projected apart, caches joined and reordered.

    Shapes: as of `nas.models.decoding`; M source tokens, T tokens so far.
    """

    def __init__(self, model: Seq2Seq) -> None:
        self.model = model

    @torch.no_grad()
    def __call__(self, source_BS: Tensor, tokens: int, beam: int) -> list[Tokens]:
        batch = len(source_BS)
        memory = self._memory(self.model.encode(source_BS)[0], beam)
        caches: list[tuple[Tensor, Tensor] | None] = [None] * len(memory)
        score_BG = torch.full((batch, beam), NEVER)
        score_BG[:, 0] = 0
        found_RT = torch.full((batch * beam, 1), BEGIN)
        for place in range(tokens):
            scores_RV = self._next(found_RT[:, -1:], place, caches, memory)
            scores_RV[:, (PAD, BEGIN, END)] = NEVER
            if beam == 1:
                found_RT = torch.cat((found_RT, scores_RV.argmax(-1, keepdim=True)), 1)
                continue
            worth_BGV = scores_RV.log_softmax(-1).view(batch, beam, -1) + score_BG[:, :, None]
            score_BG, best_BG = worth_BGV.flatten(1).topk(beam)
            first_B1 = torch.arange(batch)[:, None] * beam
            rows_R = (best_BG // VOCABULARY + first_B1).flatten()
            found_RT = torch.cat((found_RT[rows_R], (best_BG % VOCABULARY).view(-1, 1)), 1)
            caches = [cache and (cache[0][rows_R], cache[1][rows_R]) for cache in caches]
        return found_RT[::beam, 1:].tolist()  # type: ignore[no-any-return]

    def _memory(self, sources: Sources, beam: int) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of the source, for each hypothesis."""
        source_BMD = sources[1][0].repeat_interleave(beam, 0)
        return [_keys_and_values(layer.cross_attention.attention, source_BMD) for layer in self.model.decoder]

    def _next(
        self,
        tokens_R1: Tensor,
        place: int,
        caches: list[tuple[Tensor, Tensor] | None],
        memory: list[tuple[Tensor, Tensor]],
    ) -> Tensor:
        """Scores of the next token; the caches grow."""
        x_R1D = self.model.embedding(tokens_R1, self.model.widths[1], place)
        for number, layer in enumerate(self.model.decoder):
            own, across = layer.self_attention, layer.cross_attention
            normed_R1D = own.norm(x_R1D)
            k_RHTK, v_RHTK = _keys_and_values(own.attention, normed_R1D)
            cache = caches[number]
            if cache is not None:
                k_RHTK, v_RHTK = torch.cat((cache[0], k_RHTK), 2), torch.cat((cache[1], v_RHTK), 2)
            caches[number] = k_RHTK, v_RHTK
            x_R1D = x_R1D + _mixed(own.attention, normed_R1D, k_RHTK, v_RHTK)
            x_R1D = x_R1D + _mixed(across.attention, across.norm(x_R1D), *memory[number])
            x_R1D = layer.ffn(x_R1D)
        return self.model.scores(x_R1D)[:, 0]


def _keys_and_values(attention: Attention, x_BND: Tensor) -> tuple[Tensor, Tensor]:
    project, _ = attention.parts()
    return attention.to_heads(project.k, x_BND), attention.to_heads(project.v, x_BND)


def _mixed(attention: Attention, x_R1D: Tensor, k_RHTK: Tensor, v_RHTK: Tensor) -> Tensor:
    project, _ = attention.parts()
    mixed_RH1K = F.scaled_dot_product_attention(attention.to_heads(project.q, x_R1D), k_RHTK, v_RHTK)
    return project.o(mixed_RH1K.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


def hugging_face(model: Seq2Seq) -> Contender:
    """MarianMT of the same size, with random weights of its own."""
    from transformers import MarianConfig, MarianMTModel

    logging.getLogger("transformers").setLevel(logging.ERROR)
    width = model.widths[1]
    heads, ffn_dim = WIDTHS[width]
    of_both = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in (("layers", LAYERS), ("attention_heads", heads), ("ffn_dim", ffn_dim))
    }
    ids = {"pad_token_id": PAD, "eos_token_id": END, "decoder_start_token_id": BEGIN, "forced_eos_token_id": None}
    config = MarianConfig(
        vocab_size=VOCABULARY, d_model=width, activation_function="relu", scale_embedding=True, **of_both, **ids
    )
    marian = MarianMTModel(config).eval()
    # the end is forced by default, and costs a pass over the scores
    marian.generation_config.forced_eos_token_id = None

    def run(source_BS: Tensor, tokens: int, beam: int) -> list[Tokens]:
        limits = {"min_new_tokens": tokens, "max_new_tokens": tokens, "num_beams": beam}
        mask_BS = torch.ones_like(source_BS)
        with torch.inference_mode():
            found = marian.generate(source_BS, attention_mask=mask_BS, do_sample=False, use_cache=True, **limits)
        return found[:, 1:].tolist()  # type: ignore[no-any-return]

    return run


def ctranslate2(model: Seq2Seq) -> Contender:
    """CTranslate2 with the weights of the model, in float32."""
    import ctranslate2

    words = ["<pad>", "<unk>", "<s>", "</s>", *(f"word{number}" for number in range(4, VOCABULARY))]
    with tempfile.TemporaryDirectory() as folder:
        _specification(model, words).save(folder)
        # one thread of computing, as everywhere here
        threads = {"inter_threads": 1, "intra_threads": 1}
        translator = ctranslate2.Translator(folder, device="cpu", compute_type="float32", **threads)
    ids = {word: number for number, word in enumerate(words)}

    def run(source_BS: Tensor, tokens: int, beam: int) -> list[Tokens]:
        texts = [[words[token] for token in row] for row in source_BS.tolist()]
        limits = {"min_decoding_length": tokens, "max_decoding_length": tokens, "max_batch_size": 0}
        found = translator.translate_batch(texts, beam_size=beam, length_penalty=0, **limits)
        return [[ids[word] for word in each.hypotheses[0]] for each in found]

    return run


def _specification(model: Seq2Seq, words: list[str]) -> Any:
    """The model as CTranslate2 writes it to a folder."""
    from ctranslate2.specs import TransformerSpec

    width = model.widths[1]
    spec = TransformerSpec.from_config(len(model.decoder), WIDTHS[width][0], pre_norm=True)
    positions = _array(model.embedding.positions(0, LONGEST, width))
    for side, norm in ((spec.encoder, model.encoder_norm), (spec.decoder, model.decoder_norm)):
        _fill_norm(side.layer_norm, norm)
        side.position_encodings.encodings = positions
    table = _array(model.embedding.weight)
    for holder in (spec.encoder.embeddings[0], spec.decoder.embeddings, spec.decoder.projection):
        holder.weight = table
    for to, layer in zip(spec.encoder.layer, model.encoder, strict=True):
        _fill_self(to, layer.attention)
        _fill_ffn(to.ffn, layer.ffn)
    for to, layer in zip(spec.decoder.layer, model.decoder, strict=True):
        _fill_self(to, layer.self_attention)
        _fill_cross(to.attention, layer.cross_attention)
        _fill_ffn(to.ffn, layer.ffn)
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.config.layer_norm_epsilon = model.decoder_norm.eps
    spec.validate()
    spec.optimize(quantization=None)
    return spec


def _fill_self(to: Any, branch: Any) -> None:
    project, _ = branch.attention.parts()
    _fill_norm(to.self_attention.layer_norm, branch.norm)
    _fill_linear(to.self_attention.linear[0], project.q, project.k, project.v)
    _fill_linear(to.self_attention.linear[1], project.o)


def _fill_cross(to: Any, branch: Any) -> None:
    project, _ = branch.attention.parts()
    _fill_norm(to.layer_norm, branch.norm)
    _fill_linear(to.linear[0], project.q)
    _fill_linear(to.linear[1], project.k, project.v)
    _fill_linear(to.linear[2], project.o)


def _fill_ffn(to: Any, branch: Any) -> None:
    _fill_norm(to.layer_norm, branch.norm)
    _fill_linear(to.linear_0, branch.ffn.up)
    _fill_linear(to.linear_1, branch.ffn.down)


def _fill_norm(to: Any, norm: Any) -> None:
    to.gamma, to.beta = _array(norm.weight), _array(norm.bias)


def _fill_linear(to: Any, *layers: Any) -> None:
    to.weight = _array(torch.cat([layer.weight for layer in layers]))
    to.bias = _array(torch.cat([layer.bias for layer in layers]))


def _array(x: Tensor) -> Any:
    return x.detach().numpy().copy()


def missing(package: str) -> bool:
    return find_spec(package) is None
