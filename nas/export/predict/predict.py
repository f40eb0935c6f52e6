"""The command `nas predict`: an export's answers to raw inputs, by the row of its model family.

It loads no torch itself; a family loads it where its networks need it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nas.export.families import family_named, shipped
from nas.export.family import Predict, PredictOption
from nas.export.read.config import Config, read_config
from nas.system.output import print_bytes

__all__ = ["predict", "write"]


def predict(folder: Path, files: Sequence[Path], options: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The lines to be printed, as they come: a translation for each line of text; a name, class and probability for
    each image.

    Args:
        files: Inputs; families that read text take standard input if there are none.
        options: Values of the family's own options by name, such as `beam` or `backend`.

    Raises: ValueError if there is no export or it takes no such option, at once; if an input cannot be read, after the
        lines of those before.
    """
    config = read_config(folder)
    row = _row(config)
    _check_known(config, row, options or {})
    return row.lines(config, files, options or {})


def _row(config: Config) -> Predict:
    row = config.family.predict
    if row is None:
        what = f"{config.folder} holds a network of family {config.family.name}, which nas predict cannot use"
        raise ValueError(f"{what}; nas.load in Python gives the network")
    return row


def _check_known(config: Config, row: Predict, options: Mapping[str, Any]) -> None:
    there = {option.name: option.flag for option in row.options}
    for name in options:
        if name not in there:
            takes = f"it takes {', '.join(there.values())}" if there else "it takes no options"
            raise ValueError(f"{config.folder} {row.does}; there is no option --{name.replace('_', '-')}: {takes}")


def write(lines: Iterator[str]) -> None:
    """Print each line as soon as it is there; ends quietly where nobody reads on, as before `| head`."""
    # names of files may be no UTF-8, and a console need not be set to it
    print_bytes(line.encode("utf-8", "surrogateescape") for line in lines)


def predict_command(export: Path, files: list[Path], options: dict[str, str]) -> None:
    config = read_config(export)
    row = _row(config)
    _check_known(config, row, options)
    known = {option.name: option for option in row.options}
    write(row.lines(config, files, {name: _value(known[name], text) for name, text in options.items()}))


def _value(option: PredictOption, text: str) -> Any:
    """Raises: ValueError if the text is no value of the option."""
    try:
        return option.read(text)
    except ValueError as error:
        raise ValueError(f"argument {option.flag}: {error}") from error


def option_lines() -> str:
    """The options of each shipped family, as lines of the command's help."""
    rows = [row for row in (family_named(name).predict for name in shipped()) if row is not None]
    return "".join(
        f"\noptions of an export that {row.does}:\n"
        + "".join(f"  {f'{option.flag} {option.metavar}':<22}{option.help}\n" for option in row.options)
        for row in rows
    )


FUNCTIONS = {"predict": predict_command}
"""The command, apart from the others, which load torch."""
