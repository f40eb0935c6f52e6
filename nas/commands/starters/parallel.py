"""Translation of parallel texts of your own, one sentence a line. About an hour on one CPU core.

The folder that `--data` names holds `train.en` and `train.de`, `val.en` and `val.de`, `test.en` and `test.de`, plain or
packed as .gz or .xz.
"""

from nas.evaluators.bleu import Bleu
from nas.evaluators.flops import Flops
from nas.evaluators.likelihood import LogLikelihood
from nas.evaluators.parameters import Parameters
from nas.experiment import Experiment, Selection
from nas.search_space import StackSpace
from nas.search_space.seq2seq import DecoderSpace, Seq2SeqSpace
from nas.tasks.parallel import Parallel
from nas.tasks.parallel_folder import ParallelFolder
from nas.training.settings import SupernetTraining, Training

experiment = Experiment(
    task=Parallel(
        # the names of your files: stem.language, as train.en; the folder is looked for in the one that --data names
        files=ParallelFolder("parallel", train="train", validation="val", test="test", source="en", target="de"),
        # pieces of words that both languages share, learned from the training texts; 4,000 to 32,000
        vocabulary=4_000,
        # pairs with a sentence of more pieces are left out of training
        longest=64,
        # share of activations that training drops; more where texts are few
        dropout=0.1,
    ),
    # the networks to choose from: every combination of the options of encoder and decoder
    space=Seq2SeqSpace(
        StackSpace(
            # width of the encoder, one for all layers
            embed_dim=(64, 96),
            # number of layers
            depth=(3,),
            # heads of each layer, and the width of all heads together
            num_heads=(2, 4),
            qkv_dim=64,
            # hidden width of the feed-forward network of each layer
            ffn_dim=(128, 256),
            # attention kind of each layer; others: fixation, softmax_relative (docs/attention.md)
            attention=("softmax", "linear", "cosformer", "lrpe"),
        ),
        DecoderSpace(
            embed_dim=(64, 96),
            depth=(1, 2, 3),
            num_heads=(2, 4),
            qkv_dim=64,
            ffn_dim=(128, 256),
            attention=("softmax", "linear", "cosformer", "lrpe"),
            # the same choices for the attention of the decoder to the encoder
            cross_num_heads=(2, 4),
            cross_attention=("softmax", "linear", "cosformer"),
            # how many of the encoder's last layers it sees
            cross_layers=(1, 2, 3),
        ),
    ),
    # the shared weights by which networks are compared; the batch size counts tokens
    supernet=SupernetTraining(steps=2_000, batch_size=1_500, learning_rate=2e-3, warmup_steps=200),
    # what a network costs, first without embeddings and output layer; the first is the axis of the report
    costs=(Flops(of="body"), Flops(), Parameters(of="body"), Parameters()),
    # the most of a cost, 10 million multiply-adds for 30 tokens to 30; nas describe says whether a limit binds
    limits={"body_flops": 10e6},
    # the search compares networks by likelihood, which is quick; retrained ones are tested by BLEU
    quality=LogLikelihood(),
    test_quality=Bleu(),
    # how networks are proposed; others: evolution, tpe, local, random (docs/searching.md)
    strategy="guided",
    # the search budget: networks whose quality the search measures; 50 to 1,000
    evaluations=100,
    # networks of each single kind that are measured for comparison
    anchors=4,
    # searches by random draws with the same budget, which say what the strategy is worth
    random_searches=1,
    # the training of a chosen network by itself; its weights are the mean of 5 snapshots, 20 steps apart
    retrain=Training(steps=1_500, batch_size=1_500, learning_rate=2e-3, warmup_steps=150, average=5, average_every=20),
    # the networks that are retrained: 2 of the front and the best of each single kind; more seeds show the spread
    selection=Selection(top=2, homogeneous=True, finalists=5, seeds=1),
    # another seed is another search
    seed=0,
)
