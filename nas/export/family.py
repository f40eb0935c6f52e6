"""A model family as one row: all that exports, cards, predictions and descriptions know of one kind of network.

Rows are read where there is no torch: a row's file imports none at its top, only inside the functions that need it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nas.experiment import Experiment
    from nas.export.read.config import Config
    from nas.export.write.programs import Program
    from nas.tasks.base import Task

Settings = dict[str, Any]
"""Settings of a network besides its architecture, as JSON values: `num_classes`."""
Values = dict[str, Any]
"""The config of an export, as JSON values."""

MOST_DIGITS = 9
"""Longest whole number that is read."""
NO_DATA = "a network's file holds no data; train with an experiment"
"""Error of the task that `Family.without_data` makes, where data is asked for."""


@dataclass(frozen=True)
class Programs:
    """How networks of a family are written as programs that run without this package."""

    whole: Callable[["nn.Module", tuple["Tensor", ...], Settings], "Program"]
    """The network as one program for torch.export, given example inputs of batch 1 and the settings."""
    onnx: tuple[str, ...] = ()
    """Names of the ONNX programs, in the order in which they run; empty if the family has none."""
    parts: Callable[["nn.Module", Settings], list["Program"]] | None = None
    """The ONNX programs where they are not the whole; each after the first takes what the one before returned."""
    int8: bool = True
    """Whether the ONNX programs may be written with weights of 8 bits."""

    def for_onnx(self, network: "nn.Module", example: tuple["Tensor", ...], settings: Settings) -> list["Program"]:
        """The ONNX programs, in the order in which they run."""
        return self.parts(network, settings) if self.parts else [self.whole(network, example, settings)]


@dataclass(frozen=True)
class PredictOption:
    """An option that `nas predict` takes for exports of one family."""

    name: str
    """As in Python, `length_penalty`; on the command line `--length-penalty`."""
    metavar: str
    help: str
    read: Callable[[str], Any]
    """The value that a text stands for. Raises: ValueError that says what is wrong with the text."""

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"


@dataclass(frozen=True)
class Predict:
    """How `nas predict` uses networks of a family."""

    does: str
    """In messages, after the export's name: `classifies images`."""
    reads: str
    """In hints: `images`."""
    lines: Callable[["Config", Sequence[Path], Mapping[str, Any]], Iterator[str]]
    """The lines to print, as they come, given the export, the input files, and the options that were asked for.

    Raises: ValueError at once if the export or an option will not do; while it runs if an input cannot be read.
    """
    options: tuple[PredictOption, ...] = ()


@dataclass(frozen=True)
class Card:
    """The parts of a model card that a family decides, as lines of Markdown."""

    layers: Callable[[Any], list[str]]
    """The layers of an architecture, as a table."""
    use: Callable[[str], list[str]]
    """How the export in a folder is used; the card goes on with how it is loaded in Python."""
    intended_use: Callable[[Values], str]
    """Inputs that an export is meant for, and what it does with others."""
    lengths: str | None = None
    """The words above the table of FLOPs by length; None if inputs have one size."""
    pipeline_tag: str | None = None
    """The use as Hugging Face's hub names it."""


@dataclass(frozen=True)
class Family:
    """A kind of network that exports can carry, since its code is found by the family's name."""

    name: str
    network: Callable[[Any, Settings], "nn.Module"]
    """A fresh network of an architecture. Raises: TypeError, ValueError or KeyError if the settings are not its."""
    architecture: type
    """Frozen dataclass of the architectures."""
    without_data: Callable[[Settings, Sequence[Sequence[int]]], "Task"]
    """A task that costs such networks and holds no data, given the settings and the shapes of the example inputs."""
    card: Card
    programs: Programs | None = None
    """None if the network is exported as weights alone."""
    predict: Predict | None = None
    """None if `nas predict` cannot use the network."""
    longest: str | None = None
    """Name of the setting that bounds the tokens of an input; None if inputs have one size."""
    config: Callable[["Experiment"], Values] | None = None
    """Further entries of an export's config, such as how outputs are decoded."""
    input_files: tuple[str, ...] = ()
    """Files of an export that raw inputs are read with, such as a vocabulary."""

    @property
    def onnx(self) -> tuple[str, ...]:
        """Names of the ONNX programs, in the order in which they run."""
        return self.programs.onnx if self.programs else ()

    @property
    def int8(self) -> bool:
        """Whether there are ONNX programs with weights of 8 bits."""
        return self.programs is not None and bool(self.onnx) and self.programs.int8

    def longest_input(self, settings: Settings) -> int | None:
        """Most tokens of an input; None if inputs have one size."""
        return None if self.longest is None else int(settings[self.longest])

    def lacks(self) -> list[str]:
        """The uses of an export that networks of the family do not have."""
        there = {
            "torch.export program": self.programs is not None,
            "ONNX program": bool(self.onnx),
            "weights of 8 bits": self.int8,
            "nas predict": self.predict is not None,
            "FLOPs at other lengths": self.card.lengths is not None,
        }
        return [f"no {name}" for name, found in there.items() if not found]


def one_of(*names: str) -> Callable[[str], str]:
    """Reads an option that is one of some names."""

    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"{text!r} is none of {', '.join(names)}")
        return text

    return read


def count(text: str) -> int:
    """Reads an option that is a whole number of 1 or more."""
    if not text.isdecimal() or len(text) > MOST_DIGITS or int(text) < 1:
        raise ValueError(f"{text[:MOST_DIGITS]!r} must be a whole number of 1 or more, of at most {MOST_DIGITS} digits")
    return int(text)


def number(text: str) -> float:
    """Reads an option that is a number."""
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"{text!r} must be a number") from error
