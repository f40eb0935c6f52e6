"""Which subnets a training step sees, and how often each choice has been seen.

Source: the sandwich rule is from BigNAS (arXiv:2003.11142).
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from nas.search_space import Genes, Option, Space
from nas.search_space.space import among_kinds


class Visits:
    """How often training has visited each option of each choice."""

    def __init__(self, counts: dict[str, dict[str, int]] | None = None) -> None:
        self.counts: dict[str, Counter[str]] = {name: Counter(seen) for name, seen in (counts or {}).items()}

    def add(self, genes: Genes) -> None:
        for name, option in genes.items():
            self.counts.setdefault(name, Counter())[str(option)] += 1

    def to_json(self) -> str:
        return json.dumps({name: dict(sorted(seen.items())) for name, seen in sorted(self.counts.items())})

    @classmethod
    def from_json(cls, text: str) -> "Visits":
        return cls(json.loads(text))


def sample_balanced(space: Space, rng: np.random.Generator) -> Any:
    """A random architecture whose mixture of kinds is uniform: first how many layers of each kind, then which.

    Drawing each layer by itself would show a network of twelve layers of one kind among three once in 177,147 draws;
    here it is once in 91. Seen over all draws, every kind is equally frequent in every layer.
    """
    return balance_kinds(space, space.sample(rng), rng)


def balance_kinds(space: Space, architecture: Any, rng: np.random.Generator) -> Any:
    """The architecture with its kinds drawn anew, counts first, then places."""
    groups: dict[tuple[Option, ...], list[str]] = {}
    for name, options in space.options(architecture).items():
        if among_kinds(options):
            groups.setdefault(options, []).append(name)
    kinds: Genes = {}
    for options, names in groups.items():
        kinds.update(zip(names, _balanced_kinds(options, len(names), rng), strict=True))
    return space.replay({**space.genes(architecture), **kinds})


def sandwich(space: Space, rng: np.random.Generator, random_paths: int) -> list[Any]:
    """Largest, smallest and random architectures; the kinds of each are drawn balanced."""
    ends = [balance_kinds(space, end, rng) for end in (space.largest(), space.smallest())]
    paths = ends + [sample_balanced(space, rng) for _ in range(random_paths)]
    return list(dict.fromkeys(paths))


def _balanced_kinds(options: Sequence[Option], layers: int, rng: np.random.Generator) -> list[Option]:
    # stars and bars: each way to write `layers` as an ordered sum of counts is equally likely
    bars = np.sort(rng.choice(layers + len(options) - 1, size=len(options) - 1, replace=False))
    ends = np.concatenate([[-1], bars, [layers + len(options) - 1]])
    counts = np.diff(ends) - 1
    kinds = [option for option, count in zip(options, counts, strict=True) for _ in range(count)]
    return [kinds[place] for place in rng.permutation(layers)]
