"""Networks of one layer that turn words for digits into another language."""

from dataclasses import replace

from nas.evaluators.bleu import Bleu
from nas.evaluators.likelihood import LogLikelihood
from nas.experiment import Experiment, Selection
from nas.search_space.presets import tiny_translation
from nas.search_space.seq2seq import Seq2SeqSpace
from nas.tasks.parallel import Parallel
from nas.tasks.parallel_folder import ParallelFolder
from nas.training.settings import SupernetTraining, Training

tiny = tiny_translation(("lrpe", "softmax"), ("softmax", "cosformer"))

experiment = Experiment(
    task=Parallel(files=ParallelFolder("pairs"), vocabulary=320, longest=30),
    space=Seq2SeqSpace(
        replace(tiny.encoder, embed_dim=(64,), depth=(1,)), replace(tiny.decoder, embed_dim=(32,), depth=(1,))
    ),
    supernet=SupernetTraining(steps=10, batch_size=40, learning_rate=1e-2, warmup_steps=1),
    evaluations=4,
    quality=LogLikelihood(),
    test_quality=Bleu(),
    strategy="random",
    retrain=Training(steps=40, batch_size=40, learning_rate=1e-2, warmup_steps=4),
    selection=Selection(top=1, homogeneous=False),
)
