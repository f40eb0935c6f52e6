"""The command that begins an experiment: it writes a commented file to change, without loading torch."""

import ast
from collections.abc import Callable
from pathlib import Path

STARTERS = Path(__file__).parent / "starters"


def new_command(task: str | None, file: Path | None) -> None:
    """Write the experiment file of a task, or list the tasks.

    Raises: ValueError if there is no such task, or a file of that name is there.
    """
    if task is None:
        _print_starters()
        return
    if task not in starters():
        raise ValueError(f"no experiment to begin with for {task!r}; there are: {', '.join(starters())}")
    path = file or Path(f"{task}.py")
    if path.suffix != ".py":
        raise ValueError(f"an experiment's file ends in .py; found {path}, name {path.with_suffix('.py')}")
    try:
        with path.open("x", encoding="utf-8") as opened:
            opened.write((STARTERS / f"{task}.py").read_text(encoding="utf-8"))
    except FileExistsError:
        raise ValueError(
            f"{path} is there already, and stays as it is; name another file: nas new {task} FILE"
        ) from None
    print(f"experiment  {path}\nnext        nas describe {path}{' --data FOLDER' if task == 'parallel' else ''}")


def starters() -> list[str]:
    """The tasks that have a file to begin with."""
    return sorted(path.stem for path in STARTERS.glob("*.py") if path.stem != "__init__")


def _print_starters() -> None:
    for task in starters():
        description = ast.get_docstring(ast.parse((STARTERS / f"{task}.py").read_text(encoding="utf-8"))) or ""
        print(f"{task:<10}  {description.splitlines()[0]}")
    print("\nnext        nas new TASK writes TASK.py, with a line on every setting")


FUNCTIONS: dict[str, Callable[..., None]] = {"new": new_command}
