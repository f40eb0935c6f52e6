"""Fixtures of several folders of tests: real data and finished runs, made once a session, and commands."""

import fcntl
import importlib.util
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

# prepared texts of the tests are none of the user's; workers take over what their session says
if "NAS_CACHE" not in os.environ:
    os.environ["NAS_CACHE"] = tempfile.mkdtemp(prefix="nas-tests-")
    os.environ["NAS_TESTS_OWN_CACHE"] = str(os.getpid())

import hypothesis
import pytest

import nas.report.lengths.measured
from nas.cli import main
from nas.experiment.loading import load
from nas.export.write.whole import export
from nas.parallel.map import Workers
from nas.retrain.choose import Selected, choose
from nas.retrain.retrain import retrain
from nas.runs.run import Run
from nas.search.loop import search
from nas.supernet.train import train

# an example's time says more about a busy machine than about the code
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

PACKED = Path(__file__).parents[1].parent / "shared" / "data"
EXPERIMENTS = Path(__file__).parent / "experiments"


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that one process of the session makes, while the others wait for it; not to be written to."""
    base = factory.getbasetemp()
    # under xdist every worker has a folder of its own below that of the session
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, made = root / name, root / f"{name}.made"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # what is left of an attempt that failed
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


@pytest.fixture(scope="session")
def cifar10_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cifar-10-batches-py, all 60,000 images, unpacked once for all processes of the session."""
    script = PACKED / "unpack.py"
    if not (PACKED / "cifar10" / "data_batch_1.zip").exists():
        pytest.skip(f"needs CIFAR-10, packed in {PACKED / 'cifar10'}")
    spec = importlib.util.spec_from_file_location("unpack", script)
    assert spec is not None
    assert spec.loader is not None
    unpack = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(unpack)
    return made_once(tmp_path_factory, "cifar10", lambda folder: unpack.unpack_cifar10(str(folder)))


@pytest.fixture(scope="session", autouse=True)
def _cache_is_removed() -> Iterator[None]:
    yield
    if os.environ.get("NAS_TESTS_OWN_CACHE") == str(os.getpid()):
        shutil.rmtree(os.environ["NAS_CACHE"], ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _latencies_take_a_moment() -> Iterator[None]:
    """A moment a length instead of seconds; what takes longer is left out, as it would be of longer inputs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nas.report.lengths.measured, "SECONDS_A_LENGTH", 0.2)
        yield


@pytest.fixture(scope="session")
def translation_root() -> Path:
    """A folder with wmt14_en_de and multi30k_en_de; not to be written to."""
    folder = PACKED / "translation"
    if not folder.is_dir():
        pytest.skip(f"needs texts in {folder}")
    return folder


@pytest.fixture(scope="session")
def parallel_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of parallel files with 300 sentences to train on and 30 each to validate and to test."""
    folder = tmp_path_factory.mktemp("parallel")
    for stem, numbers in (("train", range(300)), ("val", range(300, 330)), ("test", range(330, 360))):
        pairs = [(f"the number {n} of {n % 7}", f"die Zahl {n} von {n % 7}") for n in numbers]
        for code, lines in zip(("en", "de"), zip(*pairs, strict=True), strict=True):
            (folder / f"{stem}.{code}").write_text("".join(f"{line}\n" for line in lines))
    return folder


DIGITS = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf", "six": "sechs"}


def write_pairs(folder: Path) -> None:
    """Parallel files of a dozen invented sentences each."""
    rng = random.Random(0)
    for stem in ("train", "val", "test"):
        rows = [rng.choices(list(DIGITS), k=rng.randint(1, 4)) for _ in range(12)]
        (folder / f"{stem}.en").write_text("".join(f"{' '.join(row)}\n" for row in rows))
        (folder / f"{stem}.de").write_text("".join(f"{' '.join(DIGITS[word] for word in row)}\n" for row in rows))


@pytest.fixture(scope="session")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with one retrained translation network, exported; not to be written to."""

    def make(folder: Path) -> None:
        (folder / "pairs").mkdir()
        write_pairs(folder / "pairs")
        spec = str(EXPERIMENTS / "translation.py")
        run = Run.create(folder / "run", load(spec), spec, {}, folder, "nas run translation.py")
        retrain(run, [Selected(run.experiment.space.largest(), "chosen")], 1, run.experiment.selection)
        export(run, run.retrained()[0].id, formats=())

    return made_once(tmp_path_factory, "translator", make) / "run"


@pytest.fixture(scope="session")
def classifier(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a classifier of digits in every form, far from its run; not to be written to."""

    def make(folder: Path) -> None:
        run = Run(shutil.copytree(finished, folder / "run"))
        shutil.move(export(run, run.retrained()[0].id, int8=True), folder / "classifier")
        shutil.rmtree(run.folder)

    return made_once(tmp_path_factory, "classifier", make) / "classifier"


@pytest.fixture
def classifier_copy(classifier: Path, tmp_path: Path) -> Path:
    """The same, as a copy that a test may change."""
    return shutil.copytree(classifier, tmp_path / "classifier")


@pytest.fixture
def own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An experiment's file with a model family, a space and a task of its own, in the working directory."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXPERIMENTS / "own_model.py", tmp_path)
    return Path("own_model.py")


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An experiment's file whose whole run takes seconds, in the working directory."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXPERIMENTS / "tiny.py", tmp_path)
    return Path("tiny.py")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the tiny experiment, trained, searched and retrained; not to be written to."""

    def make(folder: Path) -> None:
        spec = str(EXPERIMENTS / "tiny.py")
        run = Run.create(folder / "run", load(spec), spec, {}, None, "nas run tiny.py")
        train(run)
        search(run, Workers(1))
        retrain(run, choose(run, run.experiment.selection), 1, run.experiment.selection)

    made = made_once(tmp_path_factory, "finished", make) / "run"
    return shutil.copytree(made, tmp_path_factory.mktemp("finished") / "run")


@pytest.fixture
def finished_copy(finished: Path, tmp_path: Path) -> Path:
    """The same, as a copy that a test may change."""
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command that must succeed; returns what it printed."""

    def run(*arguments: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert ended.value.code == 0, printed.err
        return printed.out

    return run


@pytest.fixture
def mistake(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command that must fail with exit code 2 and one line; returns the line."""

    def run(*arguments: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        errors = capsys.readouterr().err
        assert ended.value.code == 2
        assert errors.startswith("nas: error: ")
        assert errors.count("\n") == 1
        return errors.removeprefix("nas: error: ").rstrip("\n")

    return run
