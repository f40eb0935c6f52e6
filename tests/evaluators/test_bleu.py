"""BLEU and chrF come from sacreBLEU, and say how they were found."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from nas.evaluators.base import measure
from nas.evaluators.bleu import HYPOTHESES, Bleu, score
from nas.evaluators.likelihood import LogLikelihood
from nas.evaluators.tokenizers import is_installed, tokenizer_for
from nas.models.decoding import Decoding
from nas.search_space.presets import tiny_translation
from nas.tasks.digits import Digits
from nas.tasks.parallel import Parallel
from nas.tasks.translation import TranslationTask

REFERENCES = ["Das Haus ist klein.", "Wir haben „drei“ Äpfel - und 1.234,5 Birnen!", "Ja."]
HYPOTHESES_GIVEN = ["Das Haus ist sehr klein.", "Wir haben drei Äpfel und 1.234,5 Birnen!", "Nein."]


@pytest.fixture
def task(parallel_root: Path) -> TranslationTask:
    return Parallel(vocabulary=500).with_data(parallel_root)


@pytest.fixture
def model(task: TranslationTask) -> nn.Module:
    torch.manual_seed(0)
    return task.build(tiny_translation().smallest())


@pytest.mark.parametrize(
    ("arguments", "name"), [([], "bleu"), (["-m", "chrf"], "chrf"), (["--tokenize", "intl"], "bleu_intl")]
)
def test_a_score_is_what_the_command_prints(tmp_path, arguments, name):
    for file, lines in (("references", REFERENCES), ("hypotheses", HYPOTHESES_GIVEN)):
        (tmp_path / file).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    files = [str(tmp_path / "references"), "-i", str(tmp_path / "hypotheses")]
    command = [sys.executable, "-m", "sacrebleu", *files, "--score-only", "--width", "6", *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert score(HYPOTHESES_GIVEN, REFERENCES, ("intl",))[name] == pytest.approx(float(printed), abs=1e-6)


def test_a_measurement_names_signatures_beam_and_translations(task, model):
    found = Bleu(Decoding(beam=2, length_penalty=0.6, most_tokens=5)).measure(task, model, "test")
    assert found.details["signature"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    assert found.details["chrf_signature"].startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:")
    assert {"beam": 2, "length_penalty": 0.6, "sentences": 30}.items() <= found.details.items()
    lines = found.texts[HYPOTHESES].split("\n")[:-1]
    assert len(lines) == 30
    assert score(lines, task.texts("test").target)["bleu"] == found.value == found.details["bleu"]


CHINESE = ["今天天气很好我们去公园散步", "他昨天买了三本关于历史的书", "这家餐厅的菜又便宜又好吃"] * 10


def test_languages_without_spaces_are_scored_by_their_own_words():
    """Each line has one other character among 12 or 13."""
    off = [line[:5] + "们" + line[6:] for line in CHINESE]
    assert score(off, CHINESE, tokenizer=tokenizer_for("en").name)["bleu"] == pytest.approx(0, abs=1e-3)
    found = score(off, CHINESE, tokenizer=tokenizer_for("zh").name)
    # n-grams that miss the character at place 5, over three lengths; each n-gram precision by hand
    lengths = [len(line) for line in CHINESE]
    hits = [sum(length - n + 1 - n for length in lengths) for n in range(1, 5)]
    totals = [sum(length - n + 1 for length in lengths) for n in range(1, 5)]
    expected = 100 * math.prod(hit / total for hit, total in zip(hits, totals, strict=True)) ** 0.25
    assert found["bleu"] == pytest.approx(expected)
    assert "|tok:zh|" in found["signature"]


@pytest.mark.parametrize(
    ("language", "name"),
    [("de", "13a"), ("en", "13a"), ("zh", "zh"), ("zh-CN", "zh"), ("zho_Hant", "zh"), ("th", "char"), (None, "13a")],
)
def test_the_tokenizer_follows_from_the_target_language(language, name):
    assert tokenizer_for(language).name == name


@pytest.mark.parametrize(("language", "name", "package"), [("ja", "ja-mecab", "[ja]"), ("ko", "ko-mecab", "[ko]")])
def test_a_tokenizer_that_is_not_installed_gives_way_to_characters_with_a_word(language, name, package):
    found = tokenizer_for(language)
    if is_installed(name):
        assert str(found) == f"{name}, for the target language {language}"
    else:
        assert found.name == "char"
        assert f"{name} is not installed: pip install 'sacrebleu{package}'" in found.reason
    score(["これは本です。"], ["これは本です。"], tokenizer=found.name)


def test_the_tokenizer_is_said_before_and_with_the_figures(task, model):
    languages = replace(task, files=replace(task.files, target="zh"))
    assert Bleu().explain(languages) == "bleu by sacreBLEU's tokenizer zh, for the target language zh"
    found = Bleu(Decoding(beam=1, most_tokens=2)).measure(task, model, "search")
    assert found.details["tokenizer"] == "13a, for the target language de"


def test_a_perfect_translator_has_100(task):
    texts = task.texts("test").target
    found = score(texts, texts)
    assert (found["bleu"], found["chrf"]) == pytest.approx((100, 100))


def test_copying_the_source_is_scored_beside(task):
    baselines = Bleu().baselines(task, "test")
    copied = score(task.texts("test").source, task.texts("test").target)
    assert baselines == {"copying the source": copied}


def test_other_tasks_and_networks_are_refused(task, model):
    with pytest.raises(ValueError, match="BLEU needs a translation task, found digits"):
        Bleu()(Digits(), model, "test")
    with pytest.raises(ValueError, match="decoded from a Seq2Seq network, found Linear"):
        Bleu()(task, nn.Linear(2, 2), "test")


def test_log_likelihood_is_the_mean_over_right_tokens(task, model):
    total, count = 0.0, 0
    model.eval()
    for batch in task.batches("search", 1):
        scores = model(*batch.inputs)[0].detach().log_softmax(-1)
        for place, token in enumerate(batch.targets[0]):
            total, count = total + float(scores[place, token]), count + 1
    assert LogLikelihood()(task, model, "search") == pytest.approx(total / count, rel=1e-5)
    assert LogLikelihood(batch_size=40)(task, model, "search") == pytest.approx(total / count, rel=1e-5)


def test_log_likelihood_of_classes_is_that_of_labels():
    from nas.search_space.presets import tiny

    torch.manual_seed(0)
    task = Digits(patch_size=4)
    model = task.build(tiny().smallest())
    (batch,) = task.batches("search", 1_000)
    scores = model.eval()(*batch.inputs).detach().log_softmax(-1)
    expected = scores.gather(1, batch.targets[:, None]).mean().item()
    assert LogLikelihood()(task, model, "search") == pytest.approx(expected, rel=1e-5)


def test_a_quality_that_is_a_number_alone_has_no_details(task, model):
    found = measure(LogLikelihood(), task, model, "search")
    assert found.value < 0
    assert found[1:] == ({}, {})
