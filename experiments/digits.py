"""Handwritten digits in 16 tokens, four attention kinds: the whole path in minutes on two CPU cores.

The images are real (1,797 of 8 x 8 pixels, embedded in scikit-learn), so nothing is downloaded.
"""

from nas.experiment import Experiment, Selection
from nas.search_space.presets import tiny
from nas.strategies.evolution import Evolution
from nas.tasks.digits import Digits
from nas.training.settings import SupernetTraining, Training

experiment = Experiment(
    task=Digits(patch_size=2),
    space=tiny(),
    supernet=SupernetTraining(steps=2_400, batch_size=64, learning_rate=3e-3, warmup_steps=100),
    limits={"flops": 500e3},
    evaluations=120,
    strategy=Evolution(population_size=40),
    retrain=Training(steps=800, batch_size=64, learning_rate=3e-3, warmup_steps=80),
    selection=Selection(top=3, homogeneous=True, seeds=2, arms=("scratch", "inherited")),
)
