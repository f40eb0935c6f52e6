"""Strategies by name, with settings where wanted: `guided`, `tpe`, `evolution(population_size=20)`."""

import ast
import dataclasses
import importlib
import inspect
from typing import Any, NamedTuple

from nas.strategies.base import Strategy
from nas.system.ranges import shortened


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
        raise ValueError(f"no strategy {shortened(text)}; there are: {', '.join(STRATEGIES)}")
    maker = STRATEGIES[name]
    if isinstance(settings.get("minimize"), str):
        settings["minimize"] = (settings["minimize"],)
    # a strategy's libraries are loaded where it is used: Optuna takes a second
    make = getattr(importlib.import_module(f"nas.strategies.{maker.module}"), maker.function)
    there = [setting for setting in inspect.signature(make).parameters if setting != "sampler"]
    if unknown := next((setting for setting in settings if setting not in there), None):
        raise ValueError(f"strategy {name} has no setting {unknown!r}; there are: {', '.join(there) or 'none'}")
    known = {**maker.settings, **settings}
    strategy: Strategy = make(**known)
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
            settings = {str(each.arg): _value(each.value) for each in tree.keywords}
            if len(settings) == len(tree.keywords):
                return tree.func.id, settings
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass
    names = ", ".join(STRATEGIES)
    raise ValueError(f"{shortened(text)} is no strategy; write a name or name(setting=value); names: {names}")


def _value(node: ast.expr) -> Any:
    """A number, a word or a tuple of them."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Tuple):
        return tuple(map(_value, node.elts))
    return ast.literal_eval(node)
