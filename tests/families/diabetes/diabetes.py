"""Networks of two hidden layers on diabetes; seconds on one core, and an R2 of about 0.4."""

from nas.experiment import Experiment, Selection
from nas.strategies.evolution import Evolution
from nas.training.settings import SupernetTraining, Training
from tests.families.diabetes.space import WidthSpace
from tests.families.diabetes.task import R2, Diabetes

experiment = Experiment(
    task=Diabetes(),
    space=WidthSpace((4, 8, 12, 16)),
    supernet=SupernetTraining(steps=150, batch_size=32, learning_rate=5e-3, warmup_steps=10),
    quality=R2(),
    strategy=Evolution(population_size=4, parents=2),
    evaluations=8,
    generation=4,
    retrain=Training(steps=150, batch_size=32, learning_rate=5e-3, warmup_steps=10),
    selection=Selection(top=2),
)
