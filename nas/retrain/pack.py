"""A run's weights packed into one small file, so that a clone of its folder can be used without training anything."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import Tensor

from nas.retrain.training import qualities
from nas.runs.packed import SUPERNET, halved, restored
from nas.runs.records import Retrained
from nas.runs.run import Run
from nas.runs.weights import packed_group
from nas.search.scoring import Candidate, evaluate
from nas.search_space import to_json
from nas.strategies.base import Trial
from nas.supernet.train import supernet_of

ENOUGH = 1e-3
"""Largest change of a recorded quality, as a share of it, with which weights are kept in half precision."""
MOST_SUPERNET_BYTES = 5_000_000
"""A larger supernet is left out: it is needed to search again, not to use the networks."""
CHECKED_TRIALS = 3
"""Trials whose inherited quality decides whether half precision is enough for the supernet."""


class Packed(NamedTuple):
    """The contents of a packed file."""

    bytes: int
    networks: int
    half: int
    """Networks in half precision."""
    supernet: str
    """In words: its precision, or why it is not there."""


def pack(run: Run) -> Packed:
    """Write the weights of each retrained network's best training, and the supernet's, into one file.

    Raises: ValueError if nothing was retrained, or weights are missing.
    """
    best = [run.best_training(identifier) for identifier in sorted({result.id for result in run.retrained()})]
    if not best:
        raise ValueError(f"{run.folder} has no retrained network to pack; run nas retrain {run.folder} first")
    groups = {packed_group(result): _network(run, result) for result in best}
    half = sum(_is_half(own) for own in groups.values())
    supernet, words = _supernet(run)
    run.packed.write(groups | ({SUPERNET: supernet} if supernet else {}))
    return Packed(run.packed_file.stat().st_size, len(best), half, words)


def _network(run: Run, result: Retrained) -> dict[str, Tensor]:
    """In half precision if both recorded qualities stay as they are."""
    weights = run.subnet_weights(result)

    def is_enough(rounded: dict[str, Tensor]) -> bool:
        network = run.experiment.task.build(result.architecture)
        network.load_state_dict(rounded)
        found = qualities(run.experiment, network)
        return all(map(_is_equal, found, (result.quality, result.search_quality)))

    return _smallest(weights, is_enough)


def _supernet(run: Run) -> tuple[dict[str, Tensor], str]:
    """The shared weights, in half precision if the best trials keep their inherited quality; and words on it."""
    if not run.has_supernet():
        return {}, "no supernet, since its weights are not there"
    weights = run.supernet_state()
    trials = sorted((trial for trial in run.trials() if trial.quality is not None), key=_quality, reverse=True)

    def is_enough(rounded: dict[str, Tensor]) -> bool:
        supernet = supernet_of(run.experiment, rounded)
        found = [
            evaluate(run.experiment, supernet, Candidate(to_json(trial.architecture), "search")).quality
            for trial in trials[:CHECKED_TRIALS]
        ]
        return all(map(_is_equal, found, map(_quality, trials)))

    chosen = _smallest(weights, is_enough)
    size = sum(each.nbytes for each in chosen.values())
    if size > MOST_SUPERNET_BYTES:
        return {}, f"no supernet, since its {size / 1e6:.1f} MB are more than {MOST_SUPERNET_BYTES / 1e6:g}"
    return chosen, f"the supernet in {'half' if _is_half(chosen) else 'full'} precision"


def _smallest(weights: Mapping[str, Tensor], is_enough: Callable[[dict[str, Tensor]], bool]) -> dict[str, Tensor]:
    small = halved(weights)
    return small if is_enough(restored(small)) else dict(weights)


def _is_half(weights: Mapping[str, Tensor]) -> bool:
    return any(each.dtype.itemsize == 2 for each in weights.values())


def _is_equal(found: float | None, recorded: float) -> bool:
    return found is not None and abs(found - recorded) <= ENOUGH * max(abs(recorded), 1e-9)


def _quality(trial: Trial) -> float:
    assert trial.quality is not None
    return trial.quality
