"""Neural architecture search for efficient Transformers, with a choice of attention kind in every layer.

A search in Python, as `nas run` makes it on the command line:

    import nas

    run = nas.run("digits")              # a shipped experiment; minutes on two CPU cores
    run.front()                          # the best networks at each cost
    run.front().to_pandas()              # the same as a data frame
    run.plot()                           # quality against cost, as a figure of matplotlib
    run.report()                         # the page, its figures and tables

    network = nas.load(run.export())     # the recommended network, a torch.nn.Module
    nas.predict(run.export(), ["scan.png"])

An experiment is a frozen value. Load one, change it, and run it in a folder of its own:

    experiment = nas.load_experiment("digits", {"limits.flops": 250e3, "strategy": "evolution"})
    run = nas.run(experiment, out="results/cheap")
    again = nas.open("results/cheap")

`nas.run` goes on where it stopped. A run is a folder, which the command line reads as well: `nas report results/cheap`.

Where things are:

    nas.experiment      experiments: task, search space, limits, search budget, trainings
    nas.search_space    architectures and spaces; presets holds ready spaces
    nas.tasks           data sets and what a network does with them
    nas.models          plain networks; attention holds a file for each attention kind
    nas.evaluators      costs (FLOPs, parameters, latency, memory) and qualities
    nas.strategies      search strategies

The guide is docs/python.md; `nas --help` lists the commands.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nas.experiment.experiment import Experiment
    from nas.export.read.network import load_network as load
    from nas.interface.functions import load_experiment, open, run
    from nas.interface.predict import predict
    from nas.interface.records import Records
    from nas.interface.run import Run

__all__ = ["Experiment", "Records", "Run", "load", "load_experiment", "open", "predict", "run"]

_PLACES = {
    "Experiment": "nas.experiment.experiment:Experiment",
    "Records": "nas.interface.records:Records",
    "Run": "nas.interface.run:Run",
    "load": "nas.export.read.network:load_network",
    "load_experiment": "nas.interface.functions:load_experiment",
    "open": "nas.interface.functions:open",
    "predict": "nas.interface.predict:predict",
    "run": "nas.interface.functions:run",
}
"""The module of each public name, and its name there."""


def __getattr__(name: str) -> Any:
    # on demand: `import nas` is quick, and the parts below do not depend on those above them
    if name in _PLACES:
        module, _, there = _PLACES[name].partition(":")
        return getattr(importlib.import_module(module), there)
    raise AttributeError(f"module 'nas' has no attribute {name!r}; there are: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
