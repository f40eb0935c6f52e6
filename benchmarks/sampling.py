"""Sampling inside limits: networks a second at several shares, beside rejection, and how uniform the draws are.

    python benchmarks/sampling.py [--out FILE]

FLOPs are those of CIFAR-10's images in patches of 4; no data is read. CPU time of the process, on one thread, with the
check of every network's cost and the finished architectures. Uniformity is tested against the exact distribution on a
space that is small enough to enumerate. About 5 minutes on one core.
"""

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import scipy
import torch
from parts.report import heading, parser, publish, section
from scipy.stats import chisquare

from nas.evaluators.flops import Flops
from nas.search_space import SearchSpace, StackSpace, presets
from nas.search_space.feasible.space import FeasibleSpace
from nas.tasks.cifar10 import Cifar10

TASK = Cifar10(patch_size=4)
FLOPS = Flops()
KINDS = ("softmax", "linear", "cosformer", "lrpe")
SPACES = {
    f"autoformer_small, {name} layers": SearchSpace(replace(presets.autoformer_small(KINDS).encoder, depth=depth))
    for name, depth in (("12", (12,)), ("12 to 14", (12, 13, 14)))
}
SHARES = (None, 0.14, 1e-4, 1e-5, 1e-9)
COUNT = 10_000
REPEATS = 6
REJECTED = 4_000
SINGLE = 50
SMALL = SearchSpace(
    StackSpace((64, 96), (4,), (2, 4), ("softmax", "linear", "lrpe"), head_dim=16, ffn_ratio=(2.0, 3.0, 3.01))
)
TESTED = {"choices": 20_000, "networks": 20_000, "mutate": 5_000, "cross": 5_000}
RATE = 0.3


def cost(architecture: Any) -> dict[str, float]:
    return {"flops": FLOPS(TASK, architecture)}


def limit_of(space: SearchSpace, share: float) -> float:
    """The limit that this share of draws meets, by bisection on the share inside."""
    unlimited = FeasibleSpace(space, cost, {})
    low, high = unlimited.bounds("flops")
    for _ in range(20):
        middle = (low + high) / 2
        inside = unlimited.under({"flops": middle}).share_inside(np.random.default_rng(0))
        low, high = (middle, high) if inside < share else (low, middle)
    return high


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU time of the process, and what came out."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def rejected_per_second(space: SearchSpace) -> float:
    """Draws with their costs, unlimited: what rejection does with each."""
    rng = np.random.default_rng(0)
    # so that the cost of every block is known
    _ = [cost(space.sample(rng)) for _ in range(REJECTED)]
    spent, _ = seconds(lambda: [cost(space.sample(rng)) for _ in range(REJECTED)])
    return REJECTED / spent


def rate(name: str) -> float:
    return 0.2


def repeated(draw: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [draw(*each) for each in arguments]


def speed_rows(name: str, space: SearchSpace) -> Iterator[list[str]]:
    rejection = rejected_per_second(space)
    for share in SHARES:
        limits = {} if share is None else {"flops": limit_of(space, share)}
        limited = FeasibleSpace(space, cost, limits)
        rng = np.random.default_rng(1)
        prepared, _ = seconds(partial(limited.sample_many, rng, 1))
        inside = limited.share_inside(rng)
        spent, found = zip(*(seconds(partial(limited.sample_many, rng, COUNT)) for _ in range(REPEATS)), strict=True)
        rates = COUNT / np.array(spent)
        parents = found[0][: 2 * SINGLE]
        assert all(limited.violation(cost(each)) == 0 for draws in found for each in draws)
        single = seconds(partial(repeated, limited.sample, [(rng,)] * SINGLE))[0]
        mutant = seconds(partial(repeated, limited.mutate, [(each, rng, rate) for each in parents[:SINGLE]]))[0]
        pairs = zip(parents[:SINGLE], parents[SINGLE:], strict=True)
        child = seconds(partial(repeated, limited.cross, [(one, other, rng) for one, other in pairs]))[0]
        yield [
            name,
            f"{inside:.3g}",
            f"{limited.size_inside(rng):.3g}",
            f"{rates[0]:,.0f}",
            f"{np.median(rates[1:]):,.0f}",
            f"{rejection * inside:,.2g}",
            f"{1 / inside:,.3g}",
            f"{prepared:.2f}",
            f"{1e3 * single / SINGLE:.2f}",
            f"{1e3 * mutant / SINGLE:.2f}",
            f"{1e3 * child / SINGLE:.2f}",
        ]


def chances(space: SearchSpace, chance: Callable[[str, Any, Sequence[Any]], float]) -> dict[Any, float]:
    """The exact chance of every network, by following every path of choices."""
    found: dict[Any, float] = defaultdict(float)
    pending: list[list[Any]] = [[]]
    while pending:
        script = pending.pop()
        asked: list[tuple[str, Any, Sequence[Any]]] = []

        def choose(name: str, options: Sequence[Any], script: Any = script, asked: Any = asked) -> Any:
            asked.append((name, script[len(asked)] if len(asked) < len(script) else options[0], options))
            return asked[-1][1]

        architecture = space.build(choose)
        found[architecture] += math.prod(chance(*each) for each in asked)
        for place in range(len(script), len(asked)):
            pending += [[answer for _, answer, _ in asked[:place]] + [option] for option in asked[place][2][1:]]
    return found


def kernels(space: FeasibleSpace, first: Any, second: Any) -> dict[str, tuple[Any, Any]]:
    """Of each way to draw: draws, and the chance of an answer to a choice; None where every network has the same."""
    parents = (SMALL.genes(first), SMALL.genes(second))

    def mutation(name: str, answer: Any, options: Sequence[Any]) -> float:
        if parents[0].get(name) not in options:
            return 1 / len(options)
        return RATE / len(options) + (1 - RATE) * (parents[0][name] == answer)

    def crossover(name: str, answer: Any, options: Sequence[Any]) -> float:
        there = [genes[name] for genes in parents if genes.get(name) in options]
        return there.count(answer) / len(there) if there else 1 / len(options)

    return {
        "choices": (space.sample_many, lambda name, answer, options: 1 / len(options)),
        "networks": (lambda rng, count: space.sample_many(rng, count, each="networks"), None),
        "mutate": (lambda rng, count: [space.mutate(first, rng, lambda _: RATE) for _ in range(count)], mutation),
        "cross": (lambda rng, count: [space.cross(first, second, rng) for _ in range(count)], crossover),
    }


def uniformity_rows() -> Iterator[list[str]]:
    uniform = chances(SMALL, lambda name, answer, options: 1 / len(options))
    for share in (0.14, 1e-4):
        limited = FeasibleSpace(SMALL, cost, {"flops": limit_of(SMALL, share)})
        inside = [each for each in uniform if limited.violation(cost(each)) == 0]
        exact_share = sum(uniform[each] for each in inside)
        # parents that are outside, so that few children are inside
        first, second = SMALL.largest(), limited.sample(np.random.default_rng(5))
        for name, (draw, chance) in kernels(limited, first, second).items():
            weights = chances(SMALL, chance) if chance else dict.fromkeys(uniform, 1.0)
            expected = {each: weights[each] for each in inside if weights[each] > 0}
            total = sum(expected.values())
            drawn = draw(np.random.default_rng(6), TESTED[name])
            figures = agreement(drawn, {each: weight / total for each, weight in expected.items()})
            yield [f"{exact_share:.3g}", name, f"{len(expected):,}", f"{len(drawn):,}", *figures]


def agreement(drawn: Sequence[Any], expected: dict[Any, float]) -> list[str]:
    """p-value of a chi-square test, the total variation from the expected chances, and what exact draws show of it."""
    counts = Counter(drawn)
    assert set(counts) <= set(expected)
    chances_of = np.array(list(expected.values()))
    chances_of /= chances_of.sum()
    observed = np.array([counts[each] for each in expected])
    exact = np.random.default_rng(7).multinomial(len(drawn), chances_of)
    variations = [0.5 * np.abs(found / len(drawn) - chances_of).sum() for found in (observed, exact)]
    # what is expected less than five times is counted together
    common = chances_of * len(drawn) >= 5
    groups = [np.append(each[common], each[~common].sum()) for each in (observed, chances_of * len(drawn))]
    kept = groups[1] > 0
    p_value = chisquare(groups[0][kept], groups[1][kept]).pvalue if kept.sum() > 1 else 1.0
    return [f"{p_value:.3f}", *(f"{variation:.4f}" for variation in variations)]


def lines() -> list[str]:
    setting = f"numpy {np.__version__}, scipy {scipy.__version__}; {TASK.cost_setting()}"
    speed = section(
        f"Networks a second of CPU time, of {COUNT:,} drawn at once by `sample_many`, {REPEATS} times: the first, "
        "which builds the parts of which networks are put together, and the median of the others. The kinds are "
        f"{', '.join(KINDS)}. Rejection draws and asks the cost until a network is inside. Before the first draw, "
        "costs are tabled and counted, once for a space and its limits.",
        (
            "space", "share inside", "networks inside", "first batch, 1/s", "later, 1/s", "rejection, 1/s",
            "rejection's draws for one", "before the first, s",
            "one `sample`, ms", "one `mutate`, ms", "one `cross`, ms",
        ),
        (row for name, space in SPACES.items() for row in speed_rows(f"`{name}`", space)),
        words=("space",),
    )  # fmt: skip
    uniformity = section(
        f"Draws against their exact distribution on a space of {SMALL.size():,} networks: that of draws without limits "
        "(`choices`), of equal chances for all networks (`networks`), of mutants of the largest network at a rate of "
        f"{RATE}, and of its children with a network inside, each given that a network is inside. The total variation "
        "is beside that of as many draws by numpy from the exact distribution.",
        ("share inside", "draws by", "networks", "drawn", "chi-square p", "total variation", "of exact draws"),
        uniformity_rows(),
        words=("draws by",),
    )
    return [*heading("Sampling inside limits", setting), *speed, *uniformity]


def main() -> None:
    out = parser(__doc__).parse_args().out
    torch.set_num_threads(1)
    publish(lines(), out)


if __name__ == "__main__":
    main()
