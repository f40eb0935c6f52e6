"""English to German phrases: dates, prices, measures and number words, without a download. 15 minutes on two cores."""

from nas.evaluators.bleu import Bleu
from nas.evaluators.flops import Flops
from nas.evaluators.likelihood import LogLikelihood
from nas.evaluators.parameters import Parameters
from nas.experiment import Experiment, Selection
from nas.search_space import StackSpace
from nas.search_space.seq2seq import DecoderSpace, Seq2SeqSpace
from nas.tasks.phrases import Phrases
from nas.training.settings import SupernetTraining, Training

experiment = Experiment(
    # the data and what a network does with it; the vocabulary is learned from the training texts
    task=Phrases(vocabulary=2_000),
    # the networks to choose from: every combination of the options of encoder and decoder
    space=Seq2SeqSpace(
        StackSpace(
            # width of the encoder, one for all layers
            embed_dim=(48, 64),
            # number of layers
            depth=(2,),
            # heads of each layer, and the width of all heads together
            num_heads=(2, 4),
            qkv_dim=48,
            # hidden width of the feed-forward network of each layer
            ffn_dim=(96, 192),
            # attention kind of each layer; others: fixation, softmax_relative (docs/attention.md)
            attention=("softmax", "linear", "cosformer", "lrpe"),
        ),
        DecoderSpace(
            embed_dim=(48, 64),
            depth=(1, 2),
            num_heads=(2, 4),
            qkv_dim=48,
            ffn_dim=(96, 192),
            attention=("softmax", "linear", "cosformer", "lrpe"),
            # the same choices for the attention of the decoder to the encoder
            cross_num_heads=(2, 4),
            cross_attention=("softmax", "linear", "cosformer"),
            # how many of the encoder's last layers it sees
            cross_layers=(1, 2, 3),
        ),
    ),
    # the shared weights by which networks are compared; the batch size counts tokens
    supernet=SupernetTraining(steps=1_200, batch_size=1_500, learning_rate=3e-3, warmup_steps=100),
    # what a network costs, first without embeddings and output layer; the first is the axis of the report
    costs=(Flops(of="body"), Flops(), Parameters(of="body"), Parameters()),
    # the most of a cost, 5 million multiply-adds a sentence pair; nas describe says whether a limit binds
    limits={"body_flops": 5e6},
    # the search compares networks by likelihood, which is quick; retrained ones are tested by BLEU
    quality=LogLikelihood(),
    test_quality=Bleu(),
    # how networks are proposed; others: evolution, tpe, local, random (docs/searching.md)
    strategy="guided",
    # the search budget: networks whose quality the search measures; 50 to 1,000
    evaluations=60,
    # networks of each single kind that are measured for comparison
    anchors=3,
    # searches by random draws with the same budget, which say what the strategy is worth
    random_searches=1,
    # the training of a chosen network by itself; its weights are the mean of 5 snapshots, 20 steps apart
    retrain=Training(steps=1_200, batch_size=1_500, learning_rate=3e-3, warmup_steps=100, average=5, average_every=20),
    # the networks that are retrained: 2 of the front and the best of each single kind; more seeds show the spread
    selection=Selection(top=2, homogeneous=True, finalists=5, seeds=1),
    # another seed is another search
    seed=0,
)
