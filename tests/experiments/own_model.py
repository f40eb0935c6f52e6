"""Networks of a user's own, made by classes of this file."""

from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from nas.experiment import Experiment, Selection
from nas.search_space import Space
from nas.strategies.evolution import Evolution
from nas.tasks.base import Task
from nas.tasks.digits import Digits
from nas.training.settings import SupernetTraining, Training


@dataclass(frozen=True)
class Widths:
    hidden: int
    last: int


@dataclass(frozen=True)
class WidthSpace(Space):
    widths: tuple[int, ...]

    architecture_type = Widths

    def build(self, choose):
        return Widths(choose("hidden", self.widths), choose("last", self.widths))


@dataclass(frozen=True)
class Perceptron(Digits):
    pieces = Task.pieces
    family = Task.family

    def build(self, widths):
        sizes = (64, widths.hidden, widths.last, 10)
        layers = [nn.Linear(rows, columns) for rows, columns in pairwise(sizes)]
        return nn.Sequential(nn.Flatten(), layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])


experiment = Experiment(
    task=Perceptron(),
    space=WidthSpace((4, 6, 8, 10)),
    supernet=SupernetTraining(steps=60, batch_size=32, learning_rate=1e-2, warmup_steps=5),
    strategy=Evolution(population_size=4, parents=2),
    evaluations=10,
    generation=4,
    retrain=Training(steps=10, batch_size=32, learning_rate=1e-2, warmup_steps=1),
    selection=Selection(top=2),
)
