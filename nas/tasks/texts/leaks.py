"""Sentences of the test split that a network has met before: in training, or where the search chose.

Lines are compared without their case and with each run of spaces as one.
"""

from collections.abc import Iterable

from nas.tasks.base import DataError

Pair = tuple[str, str]


def normalised(line: str) -> str:
    return " ".join(line.casefold().split())


def check_test_apart(test: Iterable[Pair], validation: Iterable[Pair]) -> None:
    """Raises: DataError if every test pair is among the validation pairs, by which networks are chosen."""
    asked = _pairs(test)
    if asked and asked <= _pairs(validation):
        raise DataError(
            f"all {len(asked):,} different test pairs are validation pairs too, by which networks are chosen; "
            "test with pairs of their own"
        )


def leaked(test: Iterable[Pair], seen: Iterable[Pair]) -> int:
    """Number of test pairs whose source is among the sources that were seen."""
    sources = [line for source, _ in test if (line := normalised(source))]
    wanted = set(sources)
    # the pairs that were seen may be larger than memory
    met = {line for source, _ in seen if (line := normalised(source)) in wanted}
    return sum(line in met for line in sources)


def leaks_in_words(counts: dict[str, int], pairs: int) -> str:
    """`; of 1,000 test sources 3 are in train`; empty where there are none.

    Args:
        counts: Test pairs whose source was seen, by where.
        pairs: Number of test pairs.
    """
    found = [f"{count:,} {'is' if count == 1 else 'are'} in {where}" for where, count in counts.items() if count]
    return f"; of {pairs:,} test sources {' and '.join(found)}" if found else ""


def _pairs(pairs: Iterable[Pair]) -> set[Pair]:
    both = ((normalised(source), normalised(target)) for source, target in pairs)
    return {pair for pair in both if any(pair)}
