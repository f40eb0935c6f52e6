"""Handwritten digits: 1,797 images of 8 x 8 pixels that come with scikit-learn. Minutes on two CPU cores."""

from nas.evaluators.flops import Flops
from nas.evaluators.parameters import Parameters
from nas.experiment import Experiment, Selection
from nas.search_space import SearchSpace, StackSpace
from nas.tasks.digits import Digits
from nas.training.settings import SupernetTraining, Training

experiment = Experiment(
    # the data and what a network does with it; patches of 2 x 2 pixels make 16 tokens
    task=Digits(patch_size=2),
    # the networks to choose from: every combination of the options below
    space=SearchSpace(
        StackSpace(
            # width of the network, one for all layers
            embed_dim=(24, 32, 48),
            # number of layers
            depth=(2, 3, 4),
            # heads of each layer, and the width of a head
            num_heads=(2, 3, 4),
            head_dim=8,
            # hidden width of the feed-forward network of each layer
            ffn_dim=(32, 64, 96),
            # attention kind of each layer; others: cosformer, fixation, softmax_relative (docs/attention.md)
            attention=("softmax", "linear", "cosformer", "lrpe"),
        )
    ),
    # the shared weights by which networks are compared: 600 steps for a look, 2,400 for a search that can be trusted
    supernet=SupernetTraining(steps=2_400, batch_size=64, learning_rate=3e-3, warmup_steps=100),
    # what a network costs; the first is the axis of the report. Others: Latency(), PeakMemory() (docs/searching.md)
    costs=(Flops(), Parameters()),
    # the most of a cost, 500 thousand multiply-adds an image; nas describe says whether a limit binds
    limits={"flops": 500e3},
    # how networks are proposed; others: evolution, tpe, local, random (docs/searching.md)
    strategy="guided",
    # the search budget: networks whose quality the search measures; 50 to 1,000
    evaluations=120,
    # searches by random draws with the same budget, which say what the strategy is worth
    random_searches=1,
    # the training of a chosen network by itself
    retrain=Training(steps=800, batch_size=64, learning_rate=3e-3, warmup_steps=80),
    # the networks that are retrained: 3 of the front and the best of each single kind, each with 2 seeds
    selection=Selection(top=3, homogeneous=True, seeds=2),
    # another seed is another search
    seed=0,
)
