"""Strategies compared on one supernet: equal budget, several seeds, every network evaluated once for all of them."""

from nas.parallel.map import Workers
from nas.runs.records import Search
from nas.runs.run import Run
from nas.search.controls import searched
from nas.search.scoring import Scores, scoring
from nas.strategies.generations import Plan
from nas.strategies.named import named_strategy
from nas.system.progress import Advance, progress


def compare(run: Run, strategies: list[str], seeds: int, evaluations: int, workers: Workers) -> list[Search]:
    """Search with each strategy and seed, going on where it stopped; trials and times are kept in the run.

    Raises: ValueError if a strategy is unknown, a limit cannot be met, or supernet or data are missing.
    """
    if seeds < 1 or evaluations < 1:
        raise ValueError(f"seeds = {seeds} and evaluations = {evaluations} must be at least 1")
    # all are made before anything runs, so that a mistake in the last costs nothing
    minimize = tuple(getattr(run.experiment.strategy, "minimize", ()))
    plans = {
        Search(text, seed, evaluations): Plan(
            named_strategy(text, minimize), evaluations, run.experiment.generation, run.experiment.seed + seed
        )
        for seed in range(seeds)
        for text in dict.fromkeys(strategies)
    }
    run.space.check_limits()
    pending = {search: plan for search, plan in plans.items() if not run.has_comparison(search.name)}
    if pending:
        run.experiment.task.prepare()
        with (
            run.phase("comparison"),
            scoring(run, workers.at_most(run.experiment.generation)) as scores,
            progress("compare", len(plans) * evaluations, "networks") as advance,
        ):
            _compare(run, pending, scores, (len(plans) - len(pending)) * evaluations, advance)
    return list(plans)


def _compare(run: Run, pending: dict[Search, Plan], scores: Scores, done: int, advance: Advance) -> None:
    advance(done, "")
    for search, plan in pending.items():
        trials, own_seconds = searched(run, plan, scores)
        run.save_comparison(search.name, trials, own_seconds)
        done += search.evaluations
        advance(done, f"{search.strategy}, seed {search.seed}")
