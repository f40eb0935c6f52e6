"""Handwritten digits in 16 tokens: from training to the report in minutes on two CPU cores.

The data is 1,797 real images of 8 x 8 pixels. They come with scikit-learn, so nothing is downloaded. `experiment`
chooses among four attention kinds in every layer; `variants` chooses among variants of LRPE and a gated linear kind.
"""

from dataclasses import replace

from nas.experiment import Experiment, Selection
from nas.models.attention import Fixation, Lrpe
from nas.search_space.presets import tiny
from nas.tasks.digits import Digits
from nas.training.settings import SupernetTraining, Training

experiment = Experiment(
    task=Digits(patch_size=2),
    space=tiny(),
    supernet=SupernetTraining(steps=2_400, batch_size=64, learning_rate=3e-3, warmup_steps=100),
    limits={"flops": 500e3},
    evaluations=120,
    random_searches=3,
    retrain=Training(steps=800, batch_size=64, learning_rate=3e-3, warmup_steps=80),
    selection=Selection(top=3, homogeneous=True, seeds=2, arms=("scratch", "inherited")),
)

variants = replace(
    experiment,
    space=tiny(
        attention=(
            "lrpe",
            *(Lrpe(core=core, basis="identity") for core in ("rotation", "mixed", "permutation", "complex")),
            Lrpe(core="complex", basis="fourier"),
            Fixation(),
        )
    ),
)
