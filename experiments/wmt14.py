"""English to German with an attention kind for every layer and site: encoder, decoder, and from decoder to encoder.

`cpu` and `multi30k` take one to two hours on one CPU core; results/README.md has a run of each. `cpu` reads WMT14 or a
part of it (about 90,000 pairs are enough), `multi30k` reads captions of photographs. Their networks are small and
shortly trained: they can be compared with each other, but they do not translate well. `gpu` is HAT's space and most of
its recipe on one GPU with bf16, for some days. `paper` is mixFormer's space with HAT's recipe. Neither was run.
"""

from dataclasses import replace

from nas.evaluators.bleu import Bleu
from nas.evaluators.flops import Flops
from nas.evaluators.likelihood import LogLikelihood
from nas.evaluators.parameters import Parameters
from nas.experiment import Experiment, Selection
from nas.models.decoding import Decoding
from nas.search_space.presets import hat_wmt14, mixformer_wmt14, small_translation
from nas.strategies.evolution import hat
from nas.tasks.parallel import Parallel
from nas.tasks.parallel_folder import MULTI30K
from nas.tasks.wmt14 import Wmt14
from nas.tasks.wmt14_published import PUBLISHED
from nas.training.settings import SupernetTraining, Training

HAT_COSTS = (Flops(of="body"), Flops(), Parameters(of="body"), Parameters())
"""The first is as HAT counts: 30 tokens to 30, without embeddings and output layer."""

multi30k = Experiment(
    task=Parallel(files=MULTI30K, vocabulary=4_000, longest=64),
    space=small_translation(),
    supernet=SupernetTraining(steps=2_000, batch_size=1_500, learning_rate=2e-3, warmup_steps=200),
    costs=HAT_COSTS,
    limits={"body_flops": 10e6},
    quality=LogLikelihood(),
    test_quality=Bleu(beside=("intl",)),
    evaluations=100,
    anchors=4,
    retrain=Training(steps=1_500, batch_size=1_500, learning_rate=2e-3, warmup_steps=150, average=5, average_every=20),
    selection=Selection(top=2, homogeneous=True, finalists=5),
)

cpu = replace(
    multi30k,
    task=Wmt14(vocabulary=4_000, longest=64, dropout=0.0),
    supernet=replace(multi30k.supernet, steps=6_000, batch_size=1_000),
    test_quality=Bleu(Decoding(beam=1), beside=("intl",)),
    evaluations=60,
    retrain=replace(multi30k.retrain, steps=4_000, batch_size=1_000),
    selection=Selection(top=1, homogeneous=True, finalists=5),
)

gpu = Experiment(
    task=Wmt14(),
    space=hat_wmt14(),
    supernet=SupernetTraining(
        steps=40_000, batch_size=64_000, learning_rate=1e-3, warmup_steps=10_000, precision="bf16"
    ),
    costs=HAT_COSTS,
    limits={"body_flops": 1.34e9},
    quality=LogLikelihood(batch_size=32_000),
    test_quality=Bleu(beside=("intl",)),
    evaluations=1_000,
    retrain=Training(
        steps=50_000,
        batch_size=64_000,
        learning_rate=1e-3,
        warmup_steps=10_000,
        precision="bf16",
        average=10,
        average_every=1_000,
    ),
    selection=Selection(top=3, homogeneous=True, seeds=3),
    # the small experiments above have other data, another vocabulary and another training
    references=PUBLISHED,
)

paper = replace(
    gpu,
    space=mixformer_wmt14(),
    strategy=hat(minimize=("body_flops",)),
    evaluations=125 * 30,
    generation=125,
    limits={"body_flops": 5.3e9},
)

experiment = cpu
