"""Handwritten digits, every pixel a token, four attention kinds: the whole path in minutes on two CPU cores.

The images are real (1,797 of 8 x 8 pixels, embedded in scikit-learn), so nothing is downloaded.
"""

from nas.experiment import Experiment, Selection
from nas.search_space.presets import tiny
from nas.strategies.evolution import Evolution
from nas.tasks.digits import Digits
from nas.training.settings import SupernetTraining, Training

experiment = Experiment(
    task=Digits(patch_size=1),
    space=tiny(),
    supernet=SupernetTraining(steps=1_200, batch_size=64, learning_rate=2e-3, warmup_steps=100),
    strategy=Evolution(population_size=30),
    limits={"flops": 1.5e6},
    evaluations=120,
    retrain=Training(steps=400, batch_size=64, learning_rate=2e-3, warmup_steps=40),
    selection=Selection(top=3, homogeneous=True, seeds=1, arms=("scratch", "inherited")),
)
