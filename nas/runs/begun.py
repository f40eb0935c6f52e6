"""Checks before a run begins or goes on in a folder: whose files are there, and whether the code is the same."""

import ast
from pathlib import Path

from nas.runs.folder import RunFolder


def check_new(paths: RunFolder, source: str) -> None:
    """Raises: ValueError if a folder without a manifest holds files of a run, or somebody else's under their names."""
    found = [path.name for path in paths.own_files()]
    # a run that was killed while it began has written its experiment alone
    own = paths.experiment_file
    if own.is_file() and own.read_bytes() != source.encode():
        found.append(own.name)
    if found:
        raise ValueError(
            f"{paths.folder} holds {', '.join(found[:3])}, but no {paths.manifest_file.name} that says of which run; "
            "restore that file, or name another folder with --out"
        )


def check_source(folder: Path, spec: str, now: str, begun: str) -> None:
    """Hold an experiment's code to that which its run keeps; comments may differ.

    A file without classes and functions of its own is told by its settings alone, which are compared elsewhere.

    Raises: ValueError if it differs.
    """
    if now != begun and (_defines(now) or _defines(begun)) and _code(now) != _code(begun):
        raise ValueError(
            f"the code of {spec} differs from {RunFolder(folder).experiment_file}, with which the run began; "
            f"go on with that: nas run {folder}; or name another folder with --out"
        )


def _code(source: str) -> str:
    """The code alone: neither comments and layout nor the docstring of the file."""
    tree = ast.parse(source)
    if ast.get_docstring(tree) is not None:
        del tree.body[0]
    return ast.dump(tree)


def _defines(source: str) -> bool:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return any(isinstance(node, kinds) for node in ast.walk(ast.parse(source)))
