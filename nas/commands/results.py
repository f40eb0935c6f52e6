"""The commands on what a run has found: exports, reports, descriptions, and figures evaluated again."""

from collections.abc import Callable
from pathlib import Path

from nas.commands.common import write_report
from nas.describe.experiment import describe_experiment
from nas.describe.network import find_network, print_network, write_architecture
from nas.experiment import Experiment
from nas.experiment.loading import load, with_changes
from nas.experiment.overrides import apply_overrides
from nas.export.write.whole import export, formats_here, formats_of, how_to_use
from nas.interface.begin import is_folder
from nas.report.lengths.measured import measure_latencies
from nas.reproduce import print_checks
from nas.retrain.pack import pack
from nas.runs.run import Run
from nas.system.devices import default_workers, keep_freed_memory


def export_command(
    run: Path,
    ids: list[str],
    front: bool,
    formats: list[str] | None,
    int8: bool,
    data: Path | None,
    architecture_only: bool,
    to: str | None,
) -> None:
    opened = Run(run, data)
    if ids and front:
        raise ValueError("name networks by their ids, or all of the front with --front, not both")
    if architecture_only or to:
        if len(ids) > 1 or front or formats or int8:
            raise ValueError("an architecture alone is that of one network; name its id, and no front, formats or int8")
        write_architecture(opened, ids[0] if ids else None, to)
        return
    found = {result.id: result for result in opened.retrained() if not front or result.origin == "front"}
    if not found:
        of = " of the front" if front else ""
        raise ValueError(f"{run} has no retrained network{of}; run nas retrain {run} first")
    asked = None if formats is None else [each for each in formats if each != "none"]
    chosen = formats_here(asked, formats_of(opened.experiment.task))
    for identifier in ids or sorted(found):
        print(f"export  {export(opened, identifier, chosen, int8)}", flush=True)
    opened.note_command("export")
    print(f"next    {how_to_use(opened.experiment.task)}")


def pack_command(run: Path, data: Path | None) -> None:
    opened = Run(run, data)
    packed = pack(opened)
    networks = f"{packed.networks} networks, {packed.half} of them in half precision"
    print(f"packed  {opened.packed_file}: {packed.bytes / 1e6:.1f} MB, {networks}; {packed.supernet}")
    print(f"next    commit {run}: reports, exports and predictions work in a clone of it")


def reproduce_command(run: Path, id: str, retrain: bool, data: Path | None) -> int:
    keep_freed_memory()
    return print_checks(Run(run, data), id, retrain)


def report_command(runs: list[Path], out: Path | None, measure: bool, watch: bool) -> None:
    if watch:
        _watch(runs, out)
        return
    opened = [Run(folder) for folder in runs]
    for run in opened if measure else ():
        measure_latencies(run)
    page = write_report(opened[0], out) if len(opened) == 1 else _write_comparison(opened, out)
    if out is None and len(opened) == 1:
        opened[0].note_command("report")
    print(f"\nreport  {page}")


def _write_comparison(runs: list[Run], out: Path | None) -> Path:
    """Write the page that compares runs and print what each recommends; returns the path of the page."""
    # here and not above: what reports need takes a second to load
    from nas.report.from_run import report_several

    page, table = report_several(runs, out)
    print(table)
    return page


def _watch(runs: list[Path], out: Path | None) -> None:
    if len(runs) > 1:
        raise ValueError(f"--watch follows one run, found {len(runs)}: {', '.join(map(str, runs))}")
    # here and not above, as in reports
    from nas.report.watch import watch

    def tell(page: Path) -> None:
        print(f"{len(Run(runs[0]).trials()):>5,} networks  {page}", flush=True)

    watch(runs[0], out, tell)


def describe_command(
    what: str,
    id: str | None,
    experiment: str | None,
    length: str | None,
    data: Path | None,
    overrides: dict[str, str],
    command_line: str,
) -> None:
    network = find_network(what, id, experiment)
    if network is not None:
        if overrides:
            raise ValueError(f"{next(iter(overrides))} is a setting of an experiment; {what} is a network")
        print_network(network, length)
        return
    if length or experiment:
        raise ValueError(f"--length and --experiment are for a network; {what} is an experiment")
    described, name = _described(what, overrides, data)
    for line in describe_experiment(described, name, default_workers()):
        print(line, flush=True)


def _described(what: str, overrides: dict[str, str], data: Path | None) -> tuple[Experiment, str]:
    """The experiment of a file or of a run, and its name."""
    if not is_folder(what):
        loaded = load(what)
        return with_changes(loaded.experiment, overrides, data), loaded.name
    run = Run(Path(what), data)
    return apply_overrides(run.experiment, overrides), run.name


FUNCTIONS: dict[str, Callable[..., int | None]] = {
    "export": export_command,
    "pack": pack_command,
    "reproduce": reproduce_command,
    "report": report_command,
    "describe": describe_command,
}
