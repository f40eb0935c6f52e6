"""CIFAR-10 from raw pixels, four attention kinds in 64 tokens.

`cpu` is sized for two CPU cores and about an hour and a half; `gpu` for one GPU and an evening; `paper` is mixFormer's
space and recipe (arXiv:2207.13955) at 224 x 224 pixels' worth of width, for several GPUs.
"""

from nas.experiment import Experiment, Selection
from nas.search_space import SearchSpace, StackSpace
from nas.search_space.presets import KINDS
from nas.tasks.augmentation import Augmentation
from nas.tasks.cifar10 import Cifar10
from nas.training.settings import SupernetTraining, Training

cpu = Experiment(
    # few epochs underfit, so the crops are mild
    task=Cifar10(patch_size=4, tokenizer="conv", augmentation=Augmentation(shift=2, flip=True)),
    space=SearchSpace(
        StackSpace(
            embed_dim=(48, 64, 80),
            depth=(3, 4, 5),
            num_heads=(2, 4, 6),
            head_dim=16,
            ffn_dim=(64, 128, 192),
            attention=KINDS,
        )
    ),
    supernet=SupernetTraining(steps=11_000, batch_size=96, learning_rate=2e-3, warmup_steps=300),
    limits={"flops": 10e6},
    evaluations=160,
    anchors=5,
    retrain=Training(steps=5_600, batch_size=64, learning_rate=1.5e-3, warmup_steps=200),
    selection=Selection(top=3, homogeneous=True, seeds=1, arms=("scratch", "inherited")),
)

experiment = cpu
