from dataclasses import replace
from pathlib import Path

from nas.evaluators.accuracy import Accuracy
from nas.evaluators.bleu import Bleu
from nas.evaluators.likelihood import LogLikelihood
from nas.report.found import unit
from nas.report.from_run import report_data
from nas.runs.run import Run
from nas.search_space import architecture_id
from nas.search_space.patterns import homogeneous, kinds
from nas.tasks.parallel import Parallel


def test_networks_of_one_kind_are_those_of_the_space(finished: Path) -> None:
    run = Run(finished)
    found, space = report_data(run).single_kinds, run.experiment.space
    for trial in (*run.trials(), *run.anchors()):
        own = {kind for kind in kinds(space) if homogeneous(space, trial.architecture, kind) == trial.architecture}
        assert own == ({found[name]} if (name := architecture_id(trial.architecture)) in found else set())
    assert set(found.values()) == set(kinds(space))


def test_baselines_are_read_from_the_manifest_where_they_are(finished: Path) -> None:
    run = Run(finished)
    assert report_data(run).baselines == {}
    run.manifest["baselines"] = {"copy of the source": {"bleu": 3.1, "chrf": 20.4}}
    assert report_data(run).baselines["copy of the source"]["bleu"] == 3.1
    assert report_data(run).one_quality


def test_a_likelihood_is_of_a_token_where_the_task_counts_tokens(finished: Path) -> None:
    images = Run(finished).experiment
    sentences = replace(images, task=Parallel())
    assert unit(images, LogLikelihood()) == "nats"
    assert unit(sentences, LogLikelihood()) == "nats per token"
    assert (unit(sentences, Bleu()), unit(images, Accuracy())) == ("BLEU", Accuracy().unit)
