"""Search spaces of the papers, and small ones for CPUs.

Sources: AutoFormer's released supernet configurations (arXiv:2107.00651); mixFormer (arXiv:2207.13955); HAT's released
translation spaces (arXiv:2005.14187).
"""

from nas.search_space.kind import Kind
from nas.search_space.seq2seq import DecoderSpace, Seq2SeqSpace
from nas.search_space.transformer import SearchSpace, StackSpace

Kinds = tuple[str | Kind, ...]

KINDS: Kinds = ("softmax", "linear", "cosformer", "lrpe")
CROSS_KINDS: Kinds = ("softmax", "linear", "cosformer")
"""Those that have a meaning between two sequences."""


def autoformer_tiny(attention: Kinds = KINDS) -> SearchSpace:
    """AutoFormer-Ti: 4 to 9 M parameters on ImageNet."""
    return _autoformer((192, 216, 240), (12, 13, 14), (3, 4), (3.5, 4.0), attention)


def autoformer_small(attention: Kinds = KINDS) -> SearchSpace:
    """AutoFormer-S: 14 to 34 M parameters on ImageNet."""
    return _autoformer((320, 384, 448), (12, 13, 14), (5, 6, 7), (3.0, 3.5, 4.0), attention)


def autoformer_base(attention: Kinds = KINDS) -> SearchSpace:
    """AutoFormer-B: 42 to 75 M parameters on ImageNet."""
    return _autoformer((528, 576, 624), (14, 15, 16), (9, 10), (3.0, 3.5, 4.0), attention)


def mixformer_cifar10(attention: Kinds = ("cosformer", "softmax", "softmax_relative")) -> SearchSpace:
    """mixFormer's image space: absolute FFN widths and three attention kinds, for 224 x 224 pixels in patches of 16."""
    return SearchSpace(
        StackSpace(
            embed_dim=(320, 384, 448),
            depth=(12, 13, 14),
            num_heads=(5, 6, 7),
            head_dim=64,
            ffn_dim=(672, 896, 1344, 1568, 1792),
            attention=attention,
        )
    )


def tiny(attention: Kinds = KINDS) -> SearchSpace:
    """Seconds a network on one CPU core: for demonstrations and tests."""
    return SearchSpace(
        StackSpace(
            embed_dim=(24, 32, 48),
            depth=(2, 3, 4),
            num_heads=(2, 3, 4),
            head_dim=8,
            ffn_dim=(32, 64, 96),
            attention=attention,
        )
    )


def small(attention: Kinds = KINDS) -> SearchSpace:
    """Minutes a network on one CPU core: small images in 64 tokens."""
    return SearchSpace(
        StackSpace(
            embed_dim=(64, 80, 96),
            depth=(4, 5, 6),
            num_heads=(2, 4, 6),
            head_dim=16,
            ffn_dim=(96, 192, 288),
            attention=attention,
        )
    )


def hat_wmt14(attention: Kinds = KINDS, cross_attention: Kinds = CROSS_KINDS) -> Seq2SeqSpace:
    """HAT's translation space, with attention kinds: 25 to 65 M parameters without embeddings."""
    return _translation((512, 640), (1024, 2048, 3072), (4, 8), 512, attention, cross_attention)


def mixformer_wmt14(attention: Kinds = KINDS, cross_attention: Kinds = CROSS_KINDS) -> Seq2SeqSpace:
    """mixFormer's translation space, with attention kinds."""
    return _translation((640, 768, 1024), (2048, 3072, 4096, 5120), (4, 8, 16), 1024, attention, cross_attention)


def tiny_translation(attention: Kinds = KINDS, cross_attention: Kinds = CROSS_KINDS) -> Seq2SeqSpace:
    """Phrases on one CPU core: for demonstrations and tests."""
    return _translation((48, 64), (96, 192), (2, 4), 48, attention, cross_attention, (2,), (1, 2))


def small_translation(attention: Kinds = KINDS, cross_attention: Kinds = CROSS_KINDS) -> Seq2SeqSpace:
    """Short sentences on one CPU core."""
    return _translation((64, 96), (128, 256), (2, 4), 64, attention, cross_attention, (3,), (1, 2, 3))


def _translation(
    embed_dim: tuple[int, ...],
    ffn_dim: tuple[int, ...],
    num_heads: tuple[int, ...],
    qkv_dim: int,
    attention: Kinds,
    cross_attention: Kinds,
    encoder_depth: tuple[int, ...] = (6,),
    decoder_depth: tuple[int, ...] = (1, 2, 3, 4, 5, 6),
) -> Seq2SeqSpace:
    encoder = StackSpace(embed_dim, encoder_depth, num_heads, attention, qkv_dim=qkv_dim, ffn_dim=ffn_dim)
    decoder = DecoderSpace(
        embed_dim=embed_dim,
        depth=decoder_depth,
        num_heads=num_heads,
        attention=attention,
        cross_num_heads=num_heads,
        cross_attention=cross_attention,
        cross_layers=(1, 2, 3),
        ffn_dim=ffn_dim,
        qkv_dim=qkv_dim,
    )
    return Seq2SeqSpace(encoder, decoder)


def _autoformer(
    embed_dim: tuple[int, ...],
    depth: tuple[int, ...],
    num_heads: tuple[int, ...],
    ffn_ratio: tuple[float, ...],
    attention: Kinds,
) -> SearchSpace:
    return SearchSpace(
        StackSpace(
            embed_dim=embed_dim,
            depth=depth,
            num_heads=num_heads,
            head_dim=64,
            ffn_ratio=ffn_ratio,
            attention=attention,
        )
    )
