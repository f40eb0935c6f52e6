"""What several folders of tests share: real data that is made once a session."""

import fcntl
import importlib.util
import os
from pathlib import Path

import pytest

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
