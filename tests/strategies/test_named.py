"""Strategies by their texts."""

import pytest

from nas.strategies.evolution import Evolution
from nas.strategies.named import STRATEGIES, named_strategy
from nas.strategies.random_search import RandomSearch


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_name_makes_a_strategy(name):
    assert callable(named_strategy(name, minimize=()).propose)


def test_settings_are_numbers_words_and_tuples():
    text = "evolution(population_size=20, parents=5, mutants=0.25, minimize=(flops, parameters))"
    assert named_strategy(text) == Evolution(20, 5, mutants=0.25, minimize=("flops", "parameters"))


def test_objectives_are_handed_on_unless_the_text_names_them():
    assert named_strategy("evolution", minimize=("latency",)).minimize == ("latency",)
    assert named_strategy("evolution(minimize=())", minimize=("latency",)).minimize == ()
    assert named_strategy("random", minimize=("latency",)) == RandomSearch()


@pytest.mark.parametrize("name", ["evolution", "tpe", "guided", "hat"])
def test_one_objective_needs_no_brackets(name):
    assert named_strategy(f"{name}(minimize=latency)") == named_strategy(f"{name}(minimize=(latency,))")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("evolve", "no strategy 'evolve'; there are: guided, evolution"),
        ("evolution(pop=3)", "strategy evolution has no setting 'pop'; there are: population_size, parents"),
        ("evolution(parents=0)", "parents needs a whole number from 1 to 100,000; found 0"),
        ("gp(minimize=1)", "minimize needs a tuple, each a text; found 1"),
        ("guided(minimize=(1, 2))", "minimize needs a tuple, each a text; found \\(1, 2\\)"),
        ("tpe(sampler=gp)", "strategy tpe has no setting 'sampler'; there are: minimize, startup, population_size"),
        ("random(seed=1)", "strategy random has no setting 'seed'; there are: none"),
        ("tpe(startup=2, startup=3)", "is no strategy"),
        ("evolution(parents={[]: 1})", "is no strategy"),
        ("evolution(parents=" + "-" * 50_000 + "1)", "is no strategy"),
        ("evolution(20)", "write a name or name\\(setting=value\\)"),
        ("import os", "is no strategy"),
        ("", "is no strategy"),
        ("cmaes(minimize=(flops,))", "cmaes"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_would_do(text, words):
    with pytest.raises(ValueError, match=words) as error:
        named_strategy(text)
    assert "\n" not in str(error.value)
