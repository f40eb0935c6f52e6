"""CIFAR-10: 60,000 colour images of 32 x 32 pixels in ten classes. About two hours on two CPU cores.

The data is read from `data/cifar-10-batches-py`, or from the folder that `--data` names; where it is missing it is
downloaded.
"""

from nas.evaluators.flops import Flops
from nas.evaluators.parameters import Parameters
from nas.experiment import Experiment, Selection
from nas.search_space import SearchSpace, StackSpace
from nas.tasks.augmentation import Augmentation
from nas.tasks.cifar10 import Cifar10
from nas.training.settings import SupernetTraining, Training

experiment = Experiment(
    task=Cifar10(
        # patches of 4 x 4 pixels make 64 tokens; 2 makes 256, whose attention costs more
        patch_size=4,
        # how pixels become tokens: "conv" (two convolutions) or "patch" (one linear layer)
        tokenizer="conv",
        # changes to training images: random crops and mirroring; long trainings take more, as operations=2, erase=0.25
        augmentation=Augmentation(shift=2, flip=True),
    ),
    # the networks to choose from: every combination of the options below
    space=SearchSpace(
        StackSpace(
            # width of the network, one for all layers
            embed_dim=(48, 64, 80),
            # number of layers
            depth=(3, 4, 5),
            # heads of each layer, and the width of a head
            num_heads=(2, 4, 6),
            head_dim=16,
            # hidden width of the feed-forward network of each layer
            ffn_dim=(64, 128, 192),
            # attention kind of each layer; others: fixation, softmax_relative (docs/attention.md)
            attention=("softmax", "linear", "cosformer", "lrpe"),
        )
    ),
    # the shared weights by which networks are compared; on a GPU 50,000 steps of 256 with precision="bf16"
    supernet=SupernetTraining(steps=11_000, batch_size=96, learning_rate=2e-3, warmup_steps=300),
    # what a network costs; the first is the axis of the report. Others: Latency(), PeakMemory() (docs/searching.md)
    costs=(Flops(), Parameters()),
    # the most of a cost, 10 million multiply-adds an image; nas describe says whether a limit binds
    limits={"flops": 10e6},
    # how networks are proposed; others: evolution, tpe, local, random (docs/searching.md)
    strategy="guided",
    # the search budget: networks whose quality the search measures; 100 to 1,000
    evaluations=160,
    # networks of each single kind that are measured for comparison
    anchors=5,
    # searches by random draws with the same budget, which say what the strategy is worth
    random_searches=1,
    # the training of a chosen network by itself
    retrain=Training(steps=5_600, batch_size=64, learning_rate=1.5e-3, warmup_steps=200),
    # the networks that are retrained: 3 of the front and the best of each single kind; more seeds show the spread
    selection=Selection(top=3, homogeneous=True, seeds=1),
    # another seed is another search
    seed=0,
)
