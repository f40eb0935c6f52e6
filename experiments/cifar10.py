"""CIFAR-10 from raw pixels: 64 tokens, four attention kinds in every layer.

`cpu` takes about two hours on two CPU cores; results/README.md has a run of it: 71.8 % with softmax everywhere.
`gpu` is for one GPU with bf16 and some hours; it was not run. `paper` is mixFormer's space and recipe
(arXiv:2207.13955) and needs days of a GPU; it was not run. It differs from the paper in its input: raw pixels in
patches of 2 give 256 tokens, while mixFormer enlarges the images to 224 x 224 and has 196 tokens.
"""

from nas.experiment import Experiment, Selection
from nas.search_space import SearchSpace, StackSpace
from nas.search_space.presets import KINDS, mixformer_cifar10
from nas.strategies.evolution import Evolution
from nas.tasks.augmentation import Augmentation
from nas.tasks.cifar10 import Cifar10
from nas.training.settings import SupernetTraining, Training

STRONG = Augmentation(shift=4, flip=True, operations=2, erase=0.25)
"""RandAugment and random erasing as in mixFormer's recipe."""

cpu = Experiment(
    # so few epochs underfit, so the augmentation is mild
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

gpu = Experiment(
    task=Cifar10(patch_size=4, tokenizer="conv", drop_path=0.1, augmentation=STRONG),
    space=SearchSpace(
        StackSpace(
            embed_dim=(192, 224, 256),
            depth=(6, 7, 8),
            num_heads=(4, 6, 8),
            head_dim=32,
            ffn_dim=(384, 512, 768),
            attention=KINDS,
        )
    ),
    supernet=SupernetTraining(
        steps=50_000, batch_size=256, learning_rate=1e-3, warmup_steps=1_000, precision="bf16", rule="sandwich"
    ),
    limits={"flops": 240e6, "parameters": 4e6},
    evaluations=1_000,
    retrain=Training(steps=35_000, batch_size=256, learning_rate=1e-3, warmup_steps=1_000, precision="bf16"),
    selection=Selection(top=5, homogeneous=True, seeds=3, arms=("scratch", "inherited")),
)

paper = Experiment(
    task=Cifar10(patch_size=2, tokenizer="patch", drop_path=0.1, augmentation=STRONG),
    space=mixformer_cifar10(),
    supernet=SupernetTraining(steps=140_000, batch_size=256, learning_rate=1e-3, warmup_steps=976, precision="bf16"),
    strategy=Evolution(population_size=125, parents=25, mutate_layer=0.3, mutate_network=0.3),
    evaluations=125 * 30,
    generation=125,
    retrain=Training(steps=140_000, batch_size=256, learning_rate=1e-3, warmup_steps=976, precision="bf16"),
    selection=Selection(top=5, homogeneous=True, seeds=3),
)

experiment = cpu
