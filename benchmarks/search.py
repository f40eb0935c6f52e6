"""How many evaluations a search needs: our default beside what users would otherwise reach for.

    python benchmarks/search.py [--out FILE] [--figure FILE] [--runs FILE] [--seeds N] [--workers N] [--only NAME ...]
    python benchmarks/search.py --quick

Problems are tables of trained networks (parts/search_problems.py, tables/README.md). Every searcher has 200 evaluations
and the same seeds. Ours propose ten networks at a time, as `nas search` does; the rivals, which are used as their own
users would (parts/search_rivals.py), see every answer before they ask again. What a rival asks for outside the limits,
or again, is answered and not counted: that is generous to it. Hypervolume is the area of FLOPs and quality between the
front and a corner: the dearest network's FLOPs, or the limit, and the worst quality in the table.

Runs are kept in a file as they end: kill it at any time, the same command goes on. Optuna's GP takes hours and pymoo is
installed by hand (`pip install pymoo`); `--only` names the searchers that are to run, and the tables show those that
the file holds. With --quick, seconds, for figures that mean nothing.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from parts.report import heading, parser, publish, section
from parts.search_figure import figure
from parts.search_overhead import overheads
from parts.search_problems import LIMITS, TITLES, problem, trained_table
from parts.search_runs import RIVALS, Result, Task, read, results

OURS = ("guided", "evolution", "autoformer", "local", "ranknas", "tpe", "nsga2", "gp")
BASELINES = ("random", *RIVALS)
"""Those of which the best sets the target."""
SEARCHERS = (*OURS, *BASELINES)
DEFAULT = "guided"
EVALUATIONS, SEEDS = 200, 20
CHECKED = (50, 100, 200)
RUNS = Path(__file__).parent / "results" / "search_runs.jsonl"

Groups = dict[tuple[str, str], dict[str, list[Result]]]
"""Results by problem and share, then by searcher."""


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--figure", type=Path, help="draw hypervolume over evaluations into this SVG file")
    options.add_argument("--runs", type=Path, default=RUNS, help="file of the runs (default: %(default)s)")
    options.add_argument("--seeds", type=int, default=SEEDS)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--only", nargs="+", default=SEARCHERS, choices=SEARCHERS, metavar="NAME")
    options.add_argument("--problems", nargs="+", default=list(LIMITS), choices=LIMITS, metavar="NAME")
    options.add_argument("--quick", action="store_true", help="one problem, two seeds, 30 evaluations")
    given = options.parse_args()
    if given.quick:
        with tempfile.TemporaryDirectory() as folder:
            tasks = [Task("macro", "14 %", name, seed, 30) for name in ("guided", "random", "Optuna NSGA-II")
                     for seed in range(2)]  # fmt: skip
            found = results(tasks, Path(folder) / "runs.jsonl", 1)
            publish([*heading("Search"), *tables(grouped(found), 30)], given.out)
        return
    settings = [(name, share) for name in given.problems for share in LIMITS[name]]
    tasks = [
        Task(name, share, searcher, seed, EVALUATIONS)
        for searcher in given.only
        for seed in range(given.seeds)
        for name, share in settings
    ]
    results(tasks, given.runs, given.workers)
    kept = [each for each in read(given.runs).values() if each.asked == EVALUATIONS and each.problem in given.problems]
    groups = grouped(kept)
    lines = [*heading("Search", f"{given.seeds} seeds"), *told(), *tables(groups, EVALUATIONS), *overheads()]
    publish(lines, given.out)
    if given.figure is not None:
        given.figure.write_text(figure(panels(groups)))


def grouped(found: Sequence[Result]) -> Groups:
    groups: Groups = {}
    # ours first, and every table in the same order, whatever the order in which runs ended
    for result in sorted(found, key=lambda each: SEARCHERS.index(each.searcher)):
        groups.setdefault((result.problem, result.share), {}).setdefault(result.searcher, []).append(result)
    return groups


def told() -> list[str]:
    known = trained_table().fidelity
    return [
        "",
        f"The model of cifar10-small knows {known.networks:,} trained networks; of those it is not fitted to (five "
        f"folds) it explains R2 = {known.r2:.2f}, Kendall tau {known.kendall_tau:.2f}; the rest has a standard "
        f"deviation of {100 * known.rest:.2f} points. cifar10-rugged adds a rest of that size to every network.",
    ]


def tables(groups: Groups, evaluations: int) -> Iterator[str]:
    for (name, share), searchers in groups.items():
        target, rival = best_rival(searchers, evaluations)
        best = best_known(name, share, searchers, evaluations)
        checked = [number for number in CHECKED if number <= evaluations] or [evaluations]
        rows = [row(searcher, found, best, target, evaluations, checked) for searcher, found in searchers.items()]
        caption = (
            f"**{name}** ({TITLES[name]}), draws inside the limit: {share}. Hypervolume as a share of "
            f"{'all networks' if problem(name, share).best else 'the best run'}: median [quartiles]. The best rival at "
            f"{evaluations} is {rival} with {target / best:.2%}."
        )
        columns = ("searcher", "seeds", *map(str, checked), "evaluations to the best rival's", "repeats", "outside",
                   "CPU ms each")  # fmt: skip
        yield from section(caption, columns, rows, ("searcher",))


def row(
    searcher: str, found: list[Result], best: float, target: float, evaluations: int, checked: Sequence[int]
) -> list[str]:
    curves = np.array([result.hypervolumes(evaluations) for result in found])
    needed = [evaluations_to(curve, target) for curve in curves]
    return [
        searcher,
        f"{len(found)}",
        *(_quartiles(100 * curves[:, number - 1] / best, "{:.1f}") for number in checked),
        _quartiles(needed, "{:.0f}").replace("inf", f"> {evaluations}"),
        f"{np.mean([result.repeats for result in found]):.1f}",
        f"{np.mean([result.outside for result in found]):.1f}",
        f"{np.mean([1000 * result.seconds / max(result.evaluations, 1) for result in found]):.1f}",
    ]


def evaluations_to(curve: np.ndarray, target: float) -> float:
    """The first evaluation after which hypervolume is at least the target; infinite if there is none."""
    reached = np.flatnonzero(curve >= target)
    return float(reached[0] + 1) if len(reached) else np.inf


def best_rival(searchers: dict[str, list[Result]], evaluations: int) -> tuple[float, str]:
    """The highest median hypervolume after all evaluations among those that are not ours, and whose it is."""
    medians = {
        name: float(np.median([result.hypervolumes(evaluations)[-1] for result in found]))
        for name, found in searchers.items()
        if name in BASELINES
    }
    return max((value, name) for name, value in medians.items())


def best_known(name: str, share: str, searchers: dict[str, list[Result]], evaluations: int) -> float:
    """Hypervolume of all networks inside, or of the best run where they are too many."""
    found = [result.hypervolumes(evaluations)[-1] for each in searchers.values() for result in each]
    return problem(name, share).best or float(max(found))


def panels(groups: Groups) -> dict[str, dict[str, np.ndarray]]:
    """For each problem without a limit the curves of each searcher, as shares of the best known."""
    return {
        f"{name}: {TITLES[name]}": {
            searcher: np.array([result.hypervolumes(EVALUATIONS) for result in found])
            / best_known(name, share, searchers, EVALUATIONS)
            for searcher, found in searchers.items()
            if searcher == DEFAULT or searcher in BASELINES
        }
        for (name, share), searchers in groups.items()
        if share == "all"
    }


def _quartiles(values: Sequence[float] | np.ndarray, form: str) -> str:
    # infinite values have no mean: then quartiles are values that occur
    method = "linear" if np.isfinite(values).all() else "higher"
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], method=method)
    return f"{form.format(middle)} [{form.format(low)}, {form.format(high)}]"


if __name__ == "__main__":
    main()
