"""What several folders of tests share: real data that is made once a session, and the run of a tiny experiment."""

import fcntl
import importlib.util
import os
import shutil
from pathlib import Path

import hypothesis
import pytest

from nas.experiment import load
from nas.retrain import choose, retrain
from nas.run import Run
from nas.search import search
from nas.train import train

# an example's time says more about a busy machine than about the code
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

PACKED = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def cifar10_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cifar-10-batches-py, all 60,000 images, unpacked once for all processes of the session."""
    script = PACKED / "unpack.py"
    if not (PACKED / "cifar10" / "data_batch_1.zip").exists():
        pytest.skip(f"needs CIFAR-10, packed in {PACKED / 'cifar10'}")
    base = tmp_path_factory.getbasetemp()
    # under xdist every worker has a folder of its own below that of the session
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cifar10"
    root.mkdir(exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "complete").exists():
            spec = importlib.util.spec_from_file_location("unpack", script)
            assert spec is not None
            assert spec.loader is not None
            unpack = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(unpack)
            unpack.unpack_cifar10(str(root))
            (root / "complete").touch()
    return root

TINY = '''"""A search of seconds on real digits."""

from nas.experiment import Experiment, Selection
from nas.search_space import SearchSpace, StackSpace
from nas.strategies.evolution import Evolution
from nas.tasks.digits import Digits
from nas.training.settings import SupernetTraining, Training

experiment = Experiment(
    task=Digits(patch_size=4),
    space=SearchSpace(
        StackSpace(
            embed_dim=(8, 16),
            depth=(1, 2, 3),
            num_heads=(1, 2),
            head_dim=4,
            ffn_dim=(8, 16),
            attention=("softmax", "linear"),
        )
    ),
    supernet=SupernetTraining(steps=40, batch_size=16, learning_rate=4e-3, warmup_steps=4),
    strategy=Evolution(population_size=4, parents=2),
    limits={"flops": 12_000},
    evaluations=10,
    generation=4,
    anchors=2,
    retrain=Training(steps=10, batch_size=16, learning_rate=4e-3, warmup_steps=1),
    selection=Selection(top=1, homogeneous=False, arms=("scratch", "inherited")),
)
'''


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An experiment's file whose whole run takes seconds, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.py").write_text(TINY)
    return Path("tiny.py")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the tiny experiment, trained, searched and retrained; not to be written to."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.py").write_text(TINY)
    spec = str(folder / "tiny.py")
    run = Run.create(folder / "run", load(spec), spec, {}, None, "nas run tiny.py")
    train(run)
    search(run, workers=1)
    retrain(run, choose(run, run.experiment.selection), 1, run.experiment.selection)
    return run.folder


@pytest.fixture
def finished_copy(finished: Path, tmp_path: Path) -> Path:
    """The same, as a copy that a test may change."""
    return shutil.copytree(finished, tmp_path / "run")
