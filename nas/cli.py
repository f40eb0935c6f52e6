"""The command `nas`: launch searches, export networks, read reports."""

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from typing import NoReturn

from nas.commands import COMMANDS
from nas.overrides import parse_overrides

INTERRUPTED = 130
MISTAKE = 2


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command; exit code 0, 2 with one line for a user's mistake, 130 after Ctrl-C."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        run_command(arguments)
    except KeyboardInterrupt:
        sys.exit(_stop("stopped; nothing is lost: the same command goes on", INTERRUPTED))
    except (ValueError, OSError) as error:
        if os.environ.get("NAS_DEBUG"):
            raise
        sys.exit(_stop(f"error: {_one_line(error)}", MISTAKE))
    sys.exit(0)


def run_command(arguments: Sequence[str]) -> None:
    """Parse and run one command. Raises: ValueError for a user's mistake."""
    parsed, rest = _parser().parse_known_args(arguments)
    command = COMMANDS[parsed.command]
    overrides = parse_overrides(rest)
    if overrides and not command.takes_settings:
        raise ValueError(f"nas {parsed.command} has no option --{next(iter(overrides))}; see nas {parsed.command} --help")
    options = {name: value for name, value in vars(parsed).items() if name != "command"}
    if command.takes_settings:
        options |= {"overrides": overrides, "command_line": "nas " + shlex.join(arguments)}
    command.function(**options)


class _Parser(argparse.ArgumentParser):
    """Mistakes as one line, not as a usage message and a line."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="nas", description="Neural architecture search for efficient Transformers.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        summary, _, details = (command.function.__doc__ or "").strip().partition("\n")
        sub = commands.add_parser(
            name,
            help=summary,
            description=f"{summary}\n{details}",
            epilog="examples:\n" + "\n".join(f"  {example}" for example in command.examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for option in command.options:
            option.add_to(sub)
    return parser


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}; what was finished before is kept, and the same command goes on"
    return " ".join(str(error).split())


def _stop(message: str, code: int) -> int:
    print(f"nas: {message}", file=sys.stderr)
    return code


