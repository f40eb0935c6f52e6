"""Qualities with inherited weights: each network of a run is evaluated once on a split, whoever asks.

Search, comparison of strategies and the choice among finalists read one cache, whose keys are architectures: equal
networks are equal values, so no network is evaluated twice under two names.
"""

import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nas.evaluators.base import outside_bounds
from nas.experiment import Experiment
from nas.experiment.loading import Recipe
from nas.parallel.map import Arrays, Failed, Workers, prepared_map
from nas.runs.records import Score
from nas.runs.run import Run
from nas.search_space import to_json
from nas.supernet import Supernet
from nas.supernet.calibration import calibrate
from nas.supernet.train import supernet_of
from nas.system.devices import threads
from nas.system.failures import failure_line
from nas.tasks.base import DataError, EvalSplit


class Candidate(NamedTuple):
    """A network to evaluate."""

    architecture: dict[str, Any]
    """As JSON: a class of the experiment's file is not known yet where a worker unpacks what it gets."""
    split: EvalSplit


Evaluated = Callable[[Sequence[Candidate]], Iterator[Score | Failed]]
"""Scores of candidates, in their order."""


class Scores:
    """The cache of a run's scores, filled by workers."""

    def __init__(self, run: Run, evaluated: Evaluated) -> None:
        self.run = run
        self.known = run.scores()
        self._evaluated = evaluated

    def of(self, architectures: Sequence[Any], split: EvalSplit, keep: bool) -> Iterator[Score]:
        """Scores in the order of the architectures, each as soon as those before it are known.

        Args:
            keep: Whether to write new scores to the run's cache; a search keeps them as trials.
        """
        new = [each for each in dict.fromkeys(architectures) if (each, split) not in self.known]
        pending = self._evaluated([Candidate(to_json(each), split) for each in new])
        for architecture in architectures:
            if (architecture, split) not in self.known:
                found = next(pending)
                # a worker that took too long or died over this network has measured nothing
                score = Score(None, 0.0, found.reason) if isinstance(found, Failed) else found
                if keep:
                    self.run.append_score(architecture, split, score)
                self.known[architecture, split] = score
            yield self.known[architecture, split]

    def forget_failures(self, architectures: Sequence[Any], split: EvalSplit) -> None:
        """Have networks that failed on a split evaluated again when they are asked for."""
        for each in architectures:
            if (each, split) in self.known and self.known[each, split].quality is None:
                del self.known[each, split]


@contextmanager
def scoring(run: Run, workers: Workers) -> Iterator[Scores]:
    """Inside, the run's scores, with workers that evaluate what is not known yet.

    Raises: ValueError if the supernet is not trained, or a Ray cluster cannot be reached.
    """
    weights = {name: tensor.numpy() for name, tensor in run.supernet_state().items()}
    with prepared_map(partial(evaluator, run.recipe), weights, workers) as evaluated:
        yield Scores(run, evaluated)


def evaluator(recipe: Recipe, weights: Arrays) -> Callable[[Candidate], Score]:
    """The function of a worker: it evaluates with one supernet over the shared weights."""
    experiment = recipe.experiment()
    return partial(evaluate, experiment, supernet_of(experiment, {name: _tensor(weights[name]) for name in weights}))


# one thread, so that results are equal however many workers share the cores
@threads(1)
def evaluate(experiment: Experiment, supernet: Supernet, candidate: Candidate) -> Score:
    """Quality with inherited weights, and the seconds that it took.

    Any error of the network or of its quality is its score.

    Raises: DataError if the data is missing or damaged, which is not the network's fault.
    """
    architecture = experiment.space.from_json(candidate.architecture)
    started = time.perf_counter()
    try:
        network = inherited(experiment, supernet, architecture)
        found: Any = experiment.quality(experiment.task, network, candidate.split)
        quality = _number(found)
        wrong = f"{experiment.quality.name} is {_short(found)}"
        failure = wrong if quality is None else outside_bounds(experiment.quality, quality)
    except DataError:
        raise
    except Exception as error:
        quality, failure = None, failure_line(error)
    return Score(None if failure else quality, round(time.perf_counter() - started, 3), failure)


def _number(found: Any) -> float | None:
    """A finite number, also one of NumPy or in a tensor, as a float; None for anything else."""
    value = found.item() if isinstance(found, Tensor | np.ndarray) and math.prod(found.shape) == 1 else found
    return float(value) if isinstance(value, Real) and math.isfinite(value) else None


def _short(found: Any) -> str:
    """The return value of a quality that is no finite number, for a message."""
    return str(found) if isinstance(found, Real) else f"no number but {type(found).__name__}"


def _tensor(array: np.ndarray[Any, Any]) -> Tensor:
    """The array's memory as a tensor; that it cannot be written to is meant, and torch warns of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.from_numpy(array)


def inherited(experiment: Experiment, supernet: Supernet, architecture: Any) -> nn.Module:
    """A subnet that reads its weights from the supernet, with running statistics of its own.

    Raises: ValueError if the architecture is of another space, or the data is missing.
    """
    network = supernet.reader(architecture)
    calibrate(network, experiment.task, experiment.supernet, experiment.seed)
    return network
