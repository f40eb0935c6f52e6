"""Strategies by name, with settings where wanted: `guided`, `tpe`, `evolution(population_size=20)`."""

import ast
import dataclasses
import importlib
from typing import Any, NamedTuple

from nas.strategies.base import Strategy


class Maker(NamedTuple):
    """Where a strategy is made."""

    module: str
    function: str
    settings: dict[str, Any]


def _optuna(sampler: str) -> Maker:
    return Maker("optuna_sampler", "OptunaSampler", {"sampler": sampler})


STRATEGIES = {
    "guided": Maker("guided", "Guided", {}),
    "evolution": Maker("evolution", "Evolution", {}),
    "autoformer": Maker("evolution", "autoformer", {}),
    "hat": Maker("evolution", "hat", {}),
    "ageing": Maker("evolution", "ageing", {}),
    "local": Maker("local_search", "LocalSearch", {}),
    "ranknas": Maker("ranknas", "RankNas", {}),
    "random": Maker("random_search", "RandomSearch", {}),
    **{name: _optuna(name) for name in ("tpe", "nsga2", "nsga3", "gp", "qmc")},
    # Optuna's knows one objective only
    "cmaes": Maker("optuna_sampler", "OptunaSampler", {"sampler": "cmaes", "minimize": ()}),
}
"""Strategies by name; the default comes first."""


def named_strategy(text: str, minimize: tuple[str, ...] | None = None) -> Strategy:
    """The strategy that a text names.

    Args:
        minimize: Objectives beside quality for a strategy that has any and whose text names none.

    Raises: ValueError if there is no such strategy, or a setting is unknown or of a wrong value.
    """
    name, settings = _parse(text)
    if name not in STRATEGIES:
        raise ValueError(f"no strategy {text!r}; there are: {', '.join(STRATEGIES)}")
    maker = STRATEGIES[name]
    # a strategy's libraries are loaded where it is used: Optuna takes a second
    make = getattr(importlib.import_module(f"nas.strategies.{maker.module}"), maker.function)
    try:
        strategy: Strategy = make(**(known := {**maker.settings, **settings}))
    except TypeError as error:
        raise ValueError(f"strategy {text!r}: {error}") from error
    if minimize is not None and "minimize" not in known and hasattr(strategy, "minimize"):
        assert dataclasses.is_dataclass(strategy)
        strategy = dataclasses.replace(strategy, minimize=minimize)
    return strategy


def _parse(text: str) -> tuple[str, dict[str, Any]]:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if isinstance(tree, ast.Name):
            return tree.id, {}
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.args:
            return tree.func.id, {str(each.arg): _value(each.value) for each in tree.keywords}
    except (SyntaxError, ValueError):
        pass
    raise ValueError(f"{text!r} is no strategy; write a name or name(setting=value); names: {', '.join(STRATEGIES)}")


def _value(node: ast.expr) -> Any:
    """A number, a word or a tuple of them."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Tuple):
        return tuple(map(_value, node.elts))
    return ast.literal_eval(node)
