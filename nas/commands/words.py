"""The words of the command line: each command with its options, help and examples, as values.

This module loads nothing that takes time, so help and mistakes come quickly.
"""

from pathlib import Path

from nas.commands.options import (
    DATA,
    EXPERIMENT,
    ID,
    OUT,
    PROCESSES,
    RAY,
    RUN,
    WORKERS,
    WORKERS_OF_TRAININGS,
    Command,
    Option,
    count,
    listed,
)

SETTINGS = "Change settings of the experiment by name: --seed 1 --limits.flops 30e6 --supernet.steps 1000"


def _family_options() -> str:
    # here and not above: only the help of one command asks for it
    from nas.export.predict.predict import option_lines

    return option_lines()


COMMANDS = {
    "new": Command(
        "Write a commented experiment file to change; without a task, list the tasks.",
        (
            Option("task", "cifar10, digits, parallel or phrases", nargs="?", metavar="TASK"),
            Option(
                "file", "the file to write (default: TASK.py); one that is there stays", Path, nargs="?", metavar="FILE"
            ),
        ),
        ("nas new digits", "nas new parallel translation.py"),
        module="nas.commands.new",
        goes_on=False,
    ),
    "run": Command(
        "Train, search, retrain, export and report; the same command goes on where it stopped.",
        (EXPERIMENT, OUT, DATA, *WORKERS, PROCESSES),
        (
            "nas run digits",
            "nas run experiment.py --limits.flops 10e6 --seed 1 --out results/second",
            "nas run cifar10:cpu --data DATA",
        ),
        takes_settings=True,
    ),
    "train": Command(
        "Train the supernet: the shared weights by which a search compares networks.",
        (EXPERIMENT, OUT, DATA, PROCESSES, RAY),
        ("nas train digits", "nas train cifar10:gpu --processes 8 --ray auto"),
        takes_settings=True,
    ),
    "search": Command(
        "Search with the trained supernet; each evaluated network is a line of trials.jsonl.",
        (RUN, DATA, *WORKERS),
        ("nas search results/digits",),
    ),
    "compare": Command(
        "Compare search strategies on one supernet, with equal search budgets and several seeds.",
        (
            EXPERIMENT,
            OUT,
            DATA,
            *WORKERS,
            Option(
                "--strategies",
                "names, separated by commas (default: guided,evolution,random)",
                listed,
                metavar="NAMES",
            ),
            Option("--seeds", "searches of each strategy (default: 5)", count, metavar="N"),
            Option(
                "--budget", "search budget, in networks (default: the experiment's evaluations)", count, metavar="N"
            ),
        ),
        ("nas compare results/digits --strategies guided,evolution,random,tpe --seeds 5 --budget 60",),
        takes_settings=True,
    ),
    "study": Command(
        "Write the trials of a run to an Optuna storage, or begin a search with the trials of a study.",
        (
            RUN,
            Option(
                "--to", "storage to write to: sqlite:///FILE, another URL, or a journal file FILE.log", metavar="URL"
            ),
            Option("--from", "storage to read from; the search of the run must not have begun", metavar="URL"),
            Option("--name", "name of the study (default: the name of the run)", metavar="NAME"),
        ),
        (
            "nas study results/digits --to sqlite:///trials.db",
            "nas study results/second --from sqlite:///trials.db --name digits",
        ),
    ),
    "retrain": Command(
        "Train the best networks from scratch or from the supernet's weights, and test each once.",
        (
            RUN,
            ID,
            Option("--top", "how many networks of the front (default: the experiment's)", count, metavar="K"),
            Option(
                "--seeds",
                "trainings of each network and arm, with different seeds (default: the experiment's)",
                count,
                metavar="N",
            ),
            Option(
                "--arms",
                "where weights start: scratch, inherited, or both, separated by a comma",
                listed,
                metavar="ARMS",
            ),
            DATA,
            *WORKERS_OF_TRAININGS,
            Option(
                "--asha",
                "stop trainings early that are not among the best (successive halving); needs --ray",
                is_flag=True,
            ),
        ),
        ("nas retrain results/digits --top 5 --seeds 3", "nas retrain results/digits --id 1a2b3c4d5e --arms scratch"),
    ),
    "export": Command(
        "Write retrained networks as folders that work without the run; every form is checked.",
        (
            RUN,
            Option("ids", "ids of networks (default: all that were retrained)", nargs="*", metavar="ID"),
            Option("--front", "only the retrained networks of the front", is_flag=True),
            Option(
                "--formats",
                "pt2, onnx, both, separated by a comma, or none (default: pt2,onnx)",
                listed,
                metavar="NAMES",
            ),
            Option("--int8", "also write ONNX with 8-bit weights, and measure its quality and latency", is_flag=True),
            DATA,
            Option(
                "--architecture-only",
                "write only the architecture, as JSON; the network need not be retrained",
                is_flag=True,
            ),
            Option(
                "--to", "file of the architecture; - prints it (default: RUN/architectures/ID.json)", metavar="FILE"
            ),
        ),
        (
            "nas export results/digits",
            "nas export results/digits 1a2b3c4d5e --formats onnx --int8",
            "nas export results/digits 1a2b3c4d5e --architecture-only --to -",
        ),
        module="nas.commands.results",
    ),
    "pack": Command(
        "Pack the weights of a run's retrained networks, and a small supernet's, into one file that git can hold.",
        (RUN, DATA),
        ("nas pack results/digits",),
        module="nas.commands.results",
    ),
    "reproduce": Command(
        "Evaluate a network again and compare every recorded figure; the exit code is 1 if one differs.",
        (
            RUN,
            Option("--id", "id of a network, from the report's table", is_required=True, metavar="ID"),
            Option("--retrain", "repeat its trainings as well; weights that were missing are kept", is_flag=True),
            DATA,
        ),
        ("nas reproduce results/digits --id 1a2b3c4d5e",),
        module="nas.commands.results",
    ),
    "predict": Command(
        "Use an export: classify images, translate lines of text, or what its model family does.",
        (
            Option("export", "folder of an export", Path, metavar="EXPORT"),
            Option(
                "files",
                "images to classify, UTF-8 texts to translate (default: standard input), or other inputs of the family",
                Path,
                nargs="*",
                metavar="FILE",
            ),
        ),
        (
            "nas predict results/digits/exports/1a2b3c4d5e scan.png photo.jpg",
            "nas predict results/phrases/exports/1a2b3c4d5e < english.txt > german.txt",
            'echo "two hundred and five" | nas predict results/phrases/exports/1a2b3c4d5e --beam 1',
        ),
        module="nas.export.predict.predict",
        goes_on=False,
        more_help=_family_options,
    ),
    "report": Command(
        "Write the report of a run, finished or not; of several runs, a page that compares them.",
        (
            Option("runs", "folders of runs", Path, nargs="+", metavar="RUN"),
            Option(
                "--out",
                "folder of the page (default: report/ in the run's folder, or beside the first of several runs)",
                Path,
                metavar="FOLDER",
            ),
            Option(
                "--measure",
                "first measure latency at several lengths, as nas run does; half a minute, once",
                is_flag=True,
            ),
            Option("--watch", "write it again while another command works on the run, until that ends", is_flag=True),
        ),
        (
            "nas report results/digits --measure",
            "nas report results/digits results/second --out results/compared",
            "nas report results/digits --watch",
        ),
        module="nas.commands.results",
    ),
    "describe": Command(
        "Say what an experiment will do and how long it takes, or draw a network with its costs.",
        (
            Option(
                "what",
                "an experiment, as in nas run; or a network: the JSON file of an architecture, - for standard input, an"
                " export, or a run and the id of a network",
                metavar="WHAT",
            ),
            Option("id", "id of a network of the run", nargs="?", metavar="ID"),
            Option("--experiment", "the experiment that an architecture belongs to", metavar="FILE"),
            Option(
                "--length", "count the network's costs at this many tokens: 256, or 30-40 for translation", metavar="N"
            ),
            DATA,
        ),
        (
            "nas describe cifar10:cpu",
            "nas describe results/digits 1a2b3c4d5e --length 256",
            "nas describe architecture.json",
        ),
        takes_settings=True,
        module="nas.commands.results",
    ),
}
