"""The architectures: two hidden layers and their widths."""

from dataclasses import dataclass

from nas.search_space import Choose, Space


@dataclass(frozen=True)
class Widths:
    """The width of each hidden layer."""

    first: int
    second: int


@dataclass(frozen=True)
class WidthSpace(Space):
    """Two hidden layers, each of one of these widths."""

    widths: tuple[int, ...]

    architecture_type = Widths

    def build(self, choose: Choose) -> Widths:
        return Widths(choose("first", self.widths), choose("second", self.widths))
