"""The command `nas`: searches, exports and reports from a terminal.

It reads commands/words.py and loads nothing else that takes time; the other files of commands/ do the work.
"""

import argparse
import importlib
import logging
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from nas.commands.options import Command
from nas.commands.words import COMMANDS, SETTINGS
from nas.experiment.overrides import split_overrides
from nas.system.invocation import given
from nas.system.output import prepare_streams

INTERRUPTED = 130
MISTAKE = 2


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit: 0, 1 if a figure is not reproduced, 2 with one line for a mistake, 130 after Ctrl-C."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    prepare_streams()
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("nas").setLevel(logging.INFO)
    try:
        code = run_command(arguments)
    except KeyboardInterrupt:
        words = "stopped; nothing is lost: the same command goes on" if _goes_on(arguments) else "stopped"
        sys.exit(_stop(words, INTERRUPTED))
    except (ValueError, OSError) as error:
        if os.environ.get("NAS_DEBUG"):
            raise
        sys.exit(_stop(f"error: {_one_line(error, _goes_on(arguments))}", MISTAKE))
    sys.exit(code)


def _goes_on(arguments: Sequence[str]) -> bool:
    return not arguments or arguments[0] not in COMMANDS or COMMANDS[arguments[0]].goes_on


def run_command(arguments: Sequence[str]) -> int:
    """Parse and run one command; returns its exit code. Raises: ValueError for a user's mistake."""
    command = COMMANDS.get(arguments[0]) if arguments else None
    takes_settings = command is not None and command.takes_settings
    takes_more = takes_settings or (command is not None and command.more_help is not None)
    rest, named = split_overrides(arguments, _options(command)) if takes_more else (arguments, {})
    parsed, unknown = command_parser().parse_known_args(rest)
    if unknown:
        raise ValueError(f"unexpected argument {unknown[0]!r}; see nas {parsed.command} --help")
    # `from` is a word of Python's own
    spelled = {"from": "from_"}
    options = {spelled.get(name, name): value for name, value in vars(parsed).items() if name != "command"}
    if takes_settings:
        options |= {"overrides": named, "command_line": "nas " + shlex.join(arguments)}
    elif takes_more:
        options |= {"options": named}
    assert command is not None
    # here and not above: most load torch, which takes seconds, and neither help nor a mistake above needs it
    functions = importlib.import_module(command.module)
    if "workers" in options:
        from nas.commands.common import Where

        options["where"] = Where(*(options.pop(name, None) for name in ("workers", "ray", "gpus", "timeout")))
    with given("nas " + shlex.join(arguments)):
        return functions.FUNCTIONS[parsed.command](**options) or 0


class _Parser(argparse.ArgumentParser):
    """A parser that says a mistake in one line, and makes the end of its help when that is asked for."""

    more_help: Callable[[], str] | None = None

    def format_help(self) -> str:
        return super().format_help() + (self.more_help() if self.more_help else "")

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


def command_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="nas",
        description="Neural architecture search for efficient Transformers.",
        epilog="With NAS_DEBUG=1 in the environment, an error shows where it arose.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=command.summary,
            description=command.summary + (f"\n\n{SETTINGS}" if command.takes_settings else ""),
            epilog="examples:\n" + "\n".join(f"  {example}" for example in command.examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        sub.more_help = command.more_help
        for option in command.options:
            if option.is_flag:
                sub.add_argument(option.name, help=option.help, action="store_true")
                continue
            action = sub.add_argument(
                option.name, help=option.help, type=option.type, nargs=option.nargs, metavar=option.metavar
            )
            action.required |= option.is_required
    return parser


def _options(command: Command | None) -> set[str]:
    """The options of the command itself, with their dashes."""
    return {"-h", "--help", *(option.name for option in (command.options if command else ()))}


def _one_line(error: Exception, goes_on: bool) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        kept = "; what was finished before is kept, and the same command goes on" if goes_on else ""
        return f"{where}{error.strerror}{kept}"
    return " ".join(str(error).split())


def _stop(message: str, code: int) -> int:
    print(f"nas: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
