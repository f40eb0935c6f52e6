from dataclasses import replace
from pathlib import Path

import pytest

from nas.evaluators.bleu import Bleu
from nas.experiment.first_batch import check_first_batch
from nas.experiment.loading import load
from nas.search_space.presets import tiny_translation
from nas.supernet.ahead import check_memory, check_qualities
from nas.tasks.phrases import Phrases


def test_a_network_beyond_the_memory_is_refused_before_anything_is_allocated(tiny: Path) -> None:
    experiment = load("tiny.py").experiment
    check_memory(experiment)
    wide = replace(experiment.space.encoder, embed_dim=(100_000,), ffn_dim=(1_000_000,), depth=(2,))
    large = replace(experiment, space=replace(experiment.space, encoder=wide), limits={})
    # two matrices of 100,000 x 1,000,000 in each of two layers: 0.4 T parameters, 16 bytes of each
    with pytest.raises(ValueError, match=r"of 40\d G parameters, takes 6,4\d\d\.\d GB of memory, there are "):
        check_memory(large)


def test_a_quality_of_other_tasks_is_refused(tiny: Path) -> None:
    experiment = load("tiny.py").experiment
    check_qualities(experiment)
    with pytest.raises(ValueError, match="BLEU needs a translation task, found digits"):
        check_qualities(replace(experiment, test_quality=Bleu()))


def test_a_tokenisation_whose_library_is_missing_is_found_before_training(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = load("tiny.py").experiment
    translating = replace(
        experiment, task=Phrases(), space=tiny_translation(), limits={}, test_quality=Bleu(beside=("intl",))
    )
    check_qualities(translating)
    # a module that is None in sys.modules cannot be imported, as if it were not installed
    monkeypatch.setitem(__import__("sys").modules, "MeCab", None)
    with pytest.raises(ValueError, match="sacreBLEU's tokenisation 'ja-mecab' cannot be used here: "):
        check_qualities(replace(translating, test_quality=Bleu(beside=("ja-mecab",))))


def test_a_tokenisation_that_does_not_exist_is_refused_where_it_is_named() -> None:
    with pytest.raises(ValueError, match="sacreBLEU has no tokenisation 'klingon'; there are: none, zh, 13a"):
        Bleu(beside=("klingon",))


def test_a_batch_of_retraining_that_the_data_cannot_fill_is_found_before_training(tiny: Path) -> None:
    experiment = load("tiny.py").experiment
    check_first_batch(experiment)
    with pytest.raises(ValueError, match="batch size 898 is not within 1 to 897"):
        check_first_batch(replace(experiment, retrain=replace(experiment.retrain, batch_size=898)))
