"""A search of seconds on real digits."""

from nas.experiment import Experiment, Selection
from nas.search_space import SearchSpace, StackSpace
from nas.strategies.evolution import Evolution
from nas.tasks.digits import Digits
from nas.training.settings import SupernetTraining, Training

experiment = Experiment(
    task=Digits(patch_size=4),
    space=SearchSpace(
        StackSpace(
            embed_dim=(8, 16),
            depth=(1, 2, 3),
            num_heads=(1, 2),
            head_dim=4,
            ffn_dim=(8, 16),
            attention=("softmax", "linear"),
        )
    ),
    supernet=SupernetTraining(steps=40, batch_size=16, learning_rate=4e-3, warmup_steps=4),
    strategy=Evolution(population_size=4, parents=2),
    limits={"flops": 12_000},
    evaluations=10,
    generation=4,
    anchors=2,
    retrain=Training(steps=10, batch_size=16, learning_rate=4e-3, warmup_steps=1),
    selection=Selection(top=1, homogeneous=False, arms=("scratch", "inherited")),
)
