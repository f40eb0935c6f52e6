"""The chances of every architecture of a small space, by following every path of choices."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from nas.search_space import Option, Space

Chance = Callable[[str, Option, tuple[Option, ...]], float]
"""Of answering a choice so: its name, the answer, the options."""


def uniform_chance(name: str, answer: Option, options: tuple[Option, ...]) -> float:
    return 1 / len(options)


def chances(space: Space, chance: Chance) -> dict[Any, float]:
    """How likely each architecture is to come out, the paths that lead to it added up."""
    found: dict[Any, float] = defaultdict(float)
    pending: list[list[Option]] = [[]]
    while pending:
        script = pending.pop()
        asked: list[tuple[str, Option, tuple[Option, ...]]] = []

        def choose(name: str, options: Sequence[Option], script: Any = script, asked: Any = asked) -> Option:
            answer = script[len(asked)] if len(asked) < len(script) else options[0]
            asked.append((name, answer, tuple(options)))
            return answer

        architecture = space.build(choose)
        weight = 1.0
        for name, answer, options in asked:
            weight *= chance(name, answer, options)
        found[architecture] += weight
        for place in range(len(script), len(asked)):
            pending += [[answer for _, answer, _ in asked[:place]] + [option] for option in asked[place][2][1:]]
    return dict(found)


def mutation_chance(space: Space, architecture: Any, rate: float) -> Chance:
    genes = space.genes(architecture)

    def chance(name: str, answer: Option, options: tuple[Option, ...]) -> float:
        if genes.get(name) not in options:
            return 1 / len(options)
        return rate / len(options) + (1 - rate) * (genes[name] == answer)

    return chance


def crossover_chance(space: Space, first: Any, second: Any) -> Chance:
    parents = (space.genes(first), space.genes(second))

    def chance(name: str, answer: Option, options: tuple[Option, ...]) -> float:
        there = [genes[name] for genes in parents if genes.get(name) in options]
        return there.count(answer) / len(there) if there else 1 / len(options)

    return chance
