"""Search spaces: one function `build(choose)` from choices to an architecture.

Sampling, the smallest and the largest network, mutation, crossover, replay and enumeration are only different
`choose`s. A choice is named by the path under which the finished architecture shows it
(`encoder.blocks.3.attention`), so that the choices behind any architecture can be read back from it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nas.search_space.architecture import from_json

Option = int | float | str
Genes = dict[str, Option]
Choose = Callable[[str, Sequence[Any]], Any]
"""`choose(name, options)` returns one of the options."""

MOST_ENUMERATED = 2_000_000


class Space:
    """A set of architectures; a subclass defines `architecture_type` and `build`, nothing else is needed."""

    architecture_type: type
    """The frozen dataclass that `build` returns."""

    def build(self, choose: Choose) -> Any:
        """Ask `choose` for every decision and return the architecture; the same answers give the same value."""
        raise NotImplementedError

    def lookup(self, architecture: Any, name: str) -> Option:
        """The option that `architecture` has for the choice `name`: the value at that path.

        Raises: ValueError if it has none.
        """
        value = architecture
        for part in name.split("."):
            try:
                value = value[int(part)] if part.isdigit() else getattr(value, part)
            except (AttributeError, IndexError, TypeError, KeyError) as error:
                what = f"{type(architecture).__name__} has no {part!r} where the choice {name!r} is read back"
                raise ValueError(f"{what}; name the choice as its place there, or override `lookup`") from error
        return value  # type: ignore[no-any-return]

    def genes(self, architecture: Any) -> Genes:
        """The choices that make `architecture`, by name, in the order in which they are asked.

        Raises: ValueError if the architecture is not in the space.
        """
        genes: Genes = {}

        def choose(name: str, options: Sequence[Option]) -> Option:
            value = self.lookup(architecture, name)
            if value not in options:
                raise ValueError(f"{name} = {value!r} is not in the space; there are: {', '.join(map(str, options))}")
            genes[name] = value
            return value

        rebuilt = self.build(choose)
        if rebuilt != architecture:
            raise ValueError(f"{architecture} is not in the space: its choices make {rebuilt}")
        return genes

    def options(self, architecture: Any) -> dict[str, tuple[Option, ...]]:
        """The options of every choice that is asked on the way to `architecture`."""
        options_by_name: dict[str, tuple[Option, ...]] = {}

        def choose(name: str, options: Sequence[Option]) -> Option:
            options_by_name[name] = tuple(options)
            return self.lookup(architecture, name)

        self.build(choose)
        return options_by_name

    def replay(self, genes: Genes, otherwise: Choose | None = None) -> Any:
        """Build from recorded choices; `otherwise` answers where `genes` has no answer among the options.

        Raises: ValueError if an answer is missing and there is no `otherwise`.
        """

        def choose(name: str, options: Sequence[Option]) -> Option:
            if genes.get(name) in options:
                return genes[name]
            if otherwise is None:
                raise ValueError(f"no choice for {name}: {genes.get(name)!r} is none of {', '.join(map(str, options))}")
            return otherwise(name, options)  # type: ignore[no-any-return]

        return self.build(choose)

    def contains(self, architecture: Any) -> bool:
        try:
            self.genes(architecture)
        except (ValueError, AttributeError, IndexError, TypeError):
            return False
        return True

    def sample(self, rng: np.random.Generator) -> Any:
        """Every choice uniform among its options."""
        return self.build(uniform(rng))

    def smallest(self) -> Any:
        """Numbers at their least, kinds at the first named."""
        return self.build(lambda _, options: options[0] if among_kinds(options) else min(options))

    def largest(self) -> Any:
        """Numbers at their most, kinds at the first named."""
        return self.build(lambda _, options: options[0] if among_kinds(options) else max(options))

    def mutate(self, architecture: Any, rng: np.random.Generator, rate: Callable[[str], float]) -> Any:
        """Redraw each choice with probability `rate(name)`; choices that become new are drawn uniformly."""
        genes = self.genes(architecture)

        def choose(name: str, options: Sequence[Option]) -> Option:
            keep = genes.get(name) in options and rng.random() >= rate(name)
            return genes[name] if keep else uniform(rng)(name, options)

        return self.build(choose)

    def cross(self, first: Any, second: Any, rng: np.random.Generator) -> Any:
        """Take each choice from either parent with equal chance; where neither has an answer, draw uniformly."""
        parents = (self.genes(first), self.genes(second))

        def choose(name: str, options: Sequence[Option]) -> Option:
            answers = [genes[name] for genes in parents if genes.get(name) in options]
            return answers[rng.integers(len(answers))] if answers else uniform(rng)(name, options)

        return self.build(choose)

    def neighbours(self, architecture: Any) -> list[Any]:
        """All architectures one changed choice away, each once; choices that become new take their first option."""
        genes = self.genes(architecture)
        # different options may make equal networks, such as two ratios that round to one width
        found = {architecture: None}
        for name, options in self.options(architecture).items():
            for option in options:
                found[self.replay({**genes, name: option}, otherwise=lambda _, options: options[0])] = None
        return list(found)[1:]

    def enumerate(self) -> Iterator[Any]:
        """Every architecture of the space, each path of choices once."""
        pending: list[list[Option]] = [[]]
        while pending:
            answers = pending.pop()
            asked: list[Sequence[Option]] = []

            def choose(
                _: str, options: Sequence[Option], answers: list[Option] = answers, asked: Any = asked
            ) -> Option:
                asked.append(options)
                return answers[len(asked) - 1] if len(asked) <= len(answers) else options[0]

            yield self.build(choose)
            path = answers + [options[0] for options in asked[len(answers) :]]
            for place in range(len(answers), len(asked)):
                pending += [[*path[:place], option] for option in asked[place][1:]]

    def size(self) -> int:
        """Number of architectures.

        Raises: ValueError if there are too many to count one by one; a space that knows a formula overrides this.
        """
        for count, _ in enumerate(self.enumerate(), start=1):
            if count > MOST_ENUMERATED:
                raise ValueError(
                    f"{type(self).__name__} has over {MOST_ENUMERATED:,} networks; give it a `size` of its own"
                )
        return count

    def from_json(self, value: Any) -> Any:
        """The architecture that `to_json` wrote. Raises: ValueError if it is of another shape."""
        return from_json(self.architecture_type, value)


def uniform(rng: np.random.Generator) -> Choose:
    """A `choose` that draws every option with equal chance."""
    return lambda _, options: options[int(rng.integers(len(options)))]


def weighed(space: Space, rng: np.random.Generator) -> tuple[Any, float]:
    """A draw of `sample`, and one over its chance."""
    weight = 1.0

    def choose(name: str, options: Sequence[Option]) -> Option:
        nonlocal weight
        weight *= len(options)
        return uniform(rng)(name, options)  # type: ignore[no-any-return]

    return space.build(choose), weight


def among_kinds(options: Sequence[Option]) -> bool:
    """Whether a choice is one among kinds, which are strings without an order; other choices are among numbers."""
    return any(isinstance(option, str) for option in options)
