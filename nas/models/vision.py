"""Vision Transformers built from an architecture: tokens, blocks, and a head on their mean or on a class token.

Source: arXiv:2010.11929; the convolutional tokenizer follows arXiv:2106.14881.
Shapes: B batch, C channels, S image size, N tokens (a square grid of S / patch_size, and the class token if there is
one), D embedding width.
"""

import math
from functools import lru_cache, partial
from typing import Literal

import torch
from torch import Tensor, nn

from nas.models.attention.base import Site
from nas.models.blocks import Linear, Projections, TransformerBlock
from nas.models.pieces import Piece
from nas.search_space import Architecture

Tokenizer = Literal["patch", "conv"]
Pooling = Literal["mean", "class_token"]

POSITION_STD = 0.02

FIRST_WIDTH = 32
"""Channels after the first of several convolutions; each further one but the last has twice as many."""


class VisionTransformer(nn.Module):
    """An image classifier.

    Raises: ValueError if the patches do not fill the image, or a setting is unknown.
    """

    def __init__(
        self,
        architecture: Architecture,
        *,
        image_size: int,
        in_channels: int,
        num_classes: int,
        patch_size: int,
        tokenizer: Tokenizer,
        pooling: Pooling,
        drop_path: float,
        projections: Projections = "shared",
    ) -> None:
        super().__init__()
        encoder = architecture.encoder
        site = Site(_grid(image_size, patch_size))
        # later blocks are left out more often, from 0 to drop_path (arXiv:1603.09382)
        last = max(1, encoder.depth - 1)
        self.stem = Stem(encoder.embed_dim, image_size, in_channels, patch_size, tokenizer, pooling)
        self.blocks = nn.Sequential(
            *(
                TransformerBlock(encoder.embed_dim, block, site, drop_path * index / last, projections)
                for index, block in enumerate(encoder.blocks)
            )
        )
        self.head = Head(encoder.embed_dim, num_classes, pooling)

    def forward(self, images_BCSS: Tensor) -> Tensor:
        """Class scores, (B, num_classes)."""
        return self.head(self.blocks(self.stem(images_BCSS)))  # type: ignore[no-any-return]


class Stem(nn.Module):
    """Pixels to tokens with learned positions."""

    def __init__(
        self, embed_dim: int, image_size: int, in_channels: int, patch_size: int, tokenizer: Tokenizer, pooling: Pooling
    ) -> None:
        super().__init__()
        length = math.prod(_grid(image_size, patch_size))
        self.tokenizer = _tokenizer(tokenizer, embed_dim, in_channels, patch_size)
        self.class_token = nn.Parameter(torch.zeros(1, 1, embed_dim)) if pooling == "class_token" else None
        self.positions = nn.Parameter(torch.empty(1, length + (pooling == "class_token"), embed_dim))
        if not self.positions.is_meta:
            nn.init.trunc_normal_(self.positions, std=POSITION_STD)

    def forward(self, images_BCSS: Tensor) -> Tensor:
        """Tokens, BND, row-major, after the class token if there is one."""
        # channels last is the layout of tokens; without it every later addition would keep the layout of images
        images_BCSS = images_BCSS.contiguous(memory_format=torch.channels_last)
        x_BND: Tensor = self.tokenizer(images_BCSS).flatten(2).mT.contiguous()
        if self.class_token is not None:
            x_BND = torch.cat((self.class_token.expand(x_BND.shape[0], -1, -1), x_BND), 1)
        return x_BND + self.positions


class Head(nn.Module):
    """Tokens to class scores."""

    def __init__(self, embed_dim: int, num_classes: int, pooling: Pooling) -> None:
        super().__init__()
        if pooling not in ("mean", "class_token"):
            raise ValueError(f"no pooling {pooling!r}; there are: mean, class_token")
        self.norm = nn.LayerNorm(embed_dim)
        self.classes = Linear(embed_dim, num_classes)
        self.pooling = pooling

    def forward(self, x_BND: Tensor) -> Tensor:
        """Class scores, (B, num_classes)."""
        pooled_BD = self.norm(x_BND[:, 0]) if self.pooling == "class_token" else self.norm(x_BND).mean(1)
        return self.classes(pooled_BD)  # type: ignore[no-any-return]


def vision_pieces(
    architecture: Architecture,
    *,
    image_size: int,
    in_channels: int,
    num_classes: int,
    patch_size: int,
    tokenizer: Tokenizer,
    pooling: Pooling,
) -> list[Piece]:
    """The network of `VisionTransformer` cut into stem, blocks and head; microseconds, since costs ask for it often."""
    encoder = architecture.encoder
    embed_dim = encoder.embed_dim
    stem, head, site, tokens = _ends(embed_dim, image_size, in_channels, num_classes, patch_size, tokenizer, pooling)
    blocks = [
        Piece(
            (block, embed_dim, tokens),
            partial(TransformerBlock, embed_dim, block, site),
            tokens,
            name="block",
            chosen=block,
        )
        for block in encoder.blocks
    ]
    return [stem, *blocks, head]


@lru_cache(maxsize=256)
def _ends(
    embed_dim: int,
    image_size: int,
    in_channels: int,
    num_classes: int,
    patch_size: int,
    tokenizer: Tokenizer,
    pooling: Pooling,
) -> tuple[Piece, Piece, Site, tuple[tuple[int, ...], ...]]:
    """Stem, head, and the site and the shapes of a block's inputs."""
    grid = _grid(image_size, patch_size)
    tokens = ((1, math.prod(grid) + (pooling == "class_token"), embed_dim),)
    images = ((1, in_channels, image_size, image_size),)
    stem = (embed_dim, image_size, in_channels, patch_size, tokenizer, pooling)
    head = (embed_dim, num_classes, pooling)
    return (
        Piece(("stem", *stem), partial(Stem, *stem), images, name="tokens"),
        Piece(("head", *head, tokens), partial(Head, *head), tokens, name="head"),
        Site(grid),
        tokens,
    )


def _grid(image_size: int, patch_size: int) -> tuple[int, int]:
    if patch_size < 1 or image_size % patch_size:
        raise ValueError(f"images of {image_size} x {image_size} pixels cannot be cut into patches of {patch_size}")
    return image_size // patch_size, image_size // patch_size


def _tokenizer(tokenizer: Tokenizer, embed_dim: int, in_channels: int, patch_size: int) -> nn.Module:
    """A module from images to features of one value per patch and channel."""
    if tokenizer == "patch":
        return nn.Conv2d(in_channels, embed_dim, patch_size, patch_size)
    if tokenizer != "conv":
        raise ValueError(f"no tokenizer {tokenizer!r}; there are: patch, conv")
    halvings = patch_size.bit_length() - 1
    if patch_size != 2**halvings:
        raise ValueError(f"tokenizer 'conv' halves the image: patch_size needs a power of 2, found {patch_size}")
    # only the last width depends on the architecture, so that leading slices keep their role
    widths = [FIRST_WIDTH * 2**index for index in range(halvings - 1)]
    layers: list[nn.Module] = []
    for source, target in zip([in_channels, *widths], [*widths, embed_dim], strict=True):
        layers += [nn.Conv2d(source, target, 3, stride=2 if halvings else 1, padding=1), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
