"""The spaces of published tables of trained networks, as spaces that any strategy searches."""

from dataclasses import dataclass

from nas.search_space import Choose, Space

BLOCKS = ("identity", "mb3_k3", "mb6_k5")
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


@dataclass(frozen=True)
class Chain:
    """A chain of eight blocks."""

    blocks: tuple[str, ...]


class MacroSpace(Space):
    """NAS-Bench-Macro (arXiv:2103.11922): 3 ** 8 chains of MobileNetV2 blocks."""

    architecture_type = Chain

    def build(self, choose: Choose) -> Chain:
        return Chain(tuple(choose(f"blocks.{layer}", BLOCKS) for layer in range(8)))

    def size(self) -> int:
        return len(BLOCKS) ** 8


@dataclass(frozen=True)
class Cell:
    """A cell of four nodes; its edges in the order 0-1, 0-2, 1-2, 0-3, 1-3, 2-3."""

    edges: tuple[str, ...]


class CellSpace(Space):
    """Topologies of NATS-Bench (arXiv:2009.00437), which are those of NAS-Bench-201: 5 ** 6 cells."""

    architecture_type = Cell

    def build(self, choose: Choose) -> Cell:
        return Cell(tuple(choose(f"edges.{edge}", OPERATIONS) for edge in range(6)))

    def size(self) -> int:
        return len(OPERATIONS) ** 6


def cell_flops(cell: Cell) -> float:
    """Multiply-adds of a network of the cells on a 32 x 32 image, as the table's authors count them.

    15 cells stand in three stages of 16, 32 and 64 channels at 32, 16 and 8 pixels a side, so a k x k convolution costs
    the same in each: k * k * 16 * 16 * 32 * 32. What surrounds the cells costs 7.783 million.
    """
    taps = 9 * cell.edges.count("nor_conv_3x3") + cell.edges.count("nor_conv_1x1")
    return 7.783e6 + 15 * 16 * 16 * 32 * 32 * taps
