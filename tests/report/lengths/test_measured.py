from dataclasses import replace

import pytest

from nas.evaluators.flops import Flops
from nas.experiment.loading import load
from nas.report.lengths.measured import flops_of, lengths, lengths_of
from nas.search_space.presets import tiny_translation
from nas.tasks.digits import Digits
from nas.tasks.parallel import Parallel


def test_lengths_go_by_fours_from_the_tasks_own():
    assert [each.tokens for each in lengths(Digits(patch_size=2))] == [16, 64, 256, 1024, 4096]
    assert [each.tokens for each in lengths(Digits(patch_size=1))] == [16, 64, 256, 1024, 4096]
    # below the shortest, but its own
    assert [each.tokens for each in lengths(Digits(patch_size=8))] == [1, 16, 64, 256, 1024, 4096]


def test_both_sides_of_a_translation_grow_alike():
    found = lengths(Parallel(quoted=(30, 40)))
    assert [(each.tokens, each.target_tokens) for each in found] == [(30, 40), (120, 160), (480, 640), (1920, 2560)]
    assert [each.name for each in found] == ["30-40", "120-160", "480-640", "1920-2560"]
    assert [each.name for each in lengths(Parallel())][:2] == ["30", "120"]


@pytest.mark.parametrize("task", [Digits(patch_size=2), Parallel()], ids=lambda task: task.name)
def test_one_of_the_lengths_is_the_tasks_own(task):
    assert sum(each.is_of(task) for each in lengths(task)) == 1


def test_lengths_that_a_kind_is_not_made_for_are_left_out(tiny):
    experiment = load(str(tiny)).experiment
    space = tiny_translation(attention=("lrpe(core=permutation)", "softmax"))
    sentences = replace(experiment, task=Parallel(longest=64), space=space, limits={}, strategy="random")
    # permutations have a table up to the longest output, 138 tokens
    assert [each.tokens for each in lengths_of(sentences)] == [30, 120]


def test_a_builder_of_a_users_own_has_one_length(own_model):
    assert lengths(load(str(own_model)).experiment.task) == []


def test_flops_are_of_what_the_experiment_counts(tiny):
    experiment = load(str(tiny)).experiment
    assert flops_of(experiment).name == "flops"
    hat = replace(experiment, costs=(Flops(of="body"), Flops()), limits={}, strategy="random")
    assert flops_of(hat).name == "body_flops"
