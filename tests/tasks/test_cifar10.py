import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from nas.tasks.augmentation import Augmentation
from nas.tasks.base import DataError
from nas.tasks.cifar10 import Cifar10
from nas.tasks.images import cifar10_files
from nas.tasks.images.vision_library import CIFAR10

FOLDER = "cifar-10-batches-py"


@pytest.fixture
def task(cifar10_root) -> Cifar10:
    return Cifar10(root=cifar10_root)


@pytest.fixture
def copy(cifar10_root, tmp_path) -> Path:
    """A folder of links to the real files, each of which a test may replace."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    for file in (cifar10_root / FOLDER).iterdir():
        (folder / file.name).symlink_to(file)
    return folder


def replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def change(path: Path, **values) -> None:
    batch = pickle.loads(path.read_bytes(), encoding="latin1")
    replace(path, pickle.dumps({**batch, **values}))


def error_of(root: Path) -> str:
    with pytest.raises(DataError) as error:
        Cifar10(root=root).prepare()
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_a_rebuilt_copy_is_verified_and_the_difference_is_said(task):
    line = task.prepare()
    assert "42,500 train, 5,000 search, 2,500 select and 10,000 test images" in line
    assert "checksums of all 6 files differ from the official ones; contents verified: 10,000 images" in line


def test_every_image_stands_where_torchvision_puts_it(task):
    class Files(CIFAR10):
        def _check_integrity(self):
            return True

    for name, train in (("train", True), ("test", False)):
        expected = Files(task.root, train=train)
        split = task.split(name)
        assert np.array_equal(split.images_NCHW.numpy().transpose(0, 2, 3, 1), expected.data)
        assert split.labels_N.tolist() == expected.targets
    assert list(task.class_names) == expected.classes


def test_train_and_search_share_out_the_training_images(task):
    train, search, select, test = (task.split(name) for name in ("train", "search", "select", "test"))
    assert torch.equal(torch.cat([train.rows, search.rows, select.rows]).sort().values, torch.arange(50_000))
    assert train.images_NCHW is search.images_NCHW
    assert torch.bincount(search.labels_N[search.rows]).tolist() == [500] * 10
    assert torch.bincount(select.labels_N[select.rows]).tolist() == [250] * 10
    assert torch.equal(test.rows, torch.arange(10_000))


def test_a_smaller_training_set_is_balanced_and_leaves_the_other_splits(task):
    small, smaller = (Cifar10(root=task.root, train_images=count).split("train").rows for count in (1_000, 200))
    assert torch.bincount(task.split("train").labels_N[small]).tolist() == [100] * 10
    assert set(smaller.tolist()) < set(small.tolist()) < set(task.split("train").rows.tolist())
    search = Cifar10(root=task.root, train_images=200).split("search")
    assert torch.equal(search.rows, task.split("search").rows)


def test_a_batch_is_the_images_of_its_rows_scaled(task):
    plain = Cifar10(root=task.root, augmentation=Augmentation(), train_images=10)
    rows = plain.split("train").rows
    images = plain.split("train").images_NCHW[rows].double() / 255
    mean, std = (torch.tensor(value).double()[:, None, None] for value in (plain.mean, plain.std))
    batch = plain.train_batch(0, 10, seed=0)
    order = batch.targets.argsort()
    expected = ((images - mean) / std)[plain.split("train").labels_N[rows].argsort()]
    torch.testing.assert_close(batch.inputs[0][order].double(), expected, atol=1e-5, rtol=0)


def test_the_folder_is_no_part_of_what_the_task_is(task):
    elsewhere = task.with_data(Path("elsewhere"))
    assert elsewhere.root == Path("elsewhere")
    assert elsewhere == task == Cifar10()
    assert hash(elsewhere) == hash(task)


def test_the_folder_itself_may_be_named(task):
    direct = Cifar10(root=task.root / FOLDER)
    assert direct.prepare() == task.prepare()


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (0, "train_images needs a whole number from 10 to 42,500 or None; found 0"),
        (55, "train_images needs a multiple of 10; found 55"),
        (45_010, "train_images needs a whole number from 10 to 42,500 or None; found 45010"),
    ],
)
def test_an_impossible_number_of_training_images_is_refused(count, message):
    with pytest.raises(ValueError, match=message):
        Cifar10(train_images=count)


def test_a_missing_file_is_named(copy):
    (copy / "data_batch_3").unlink()
    message = error_of(copy.parent)
    assert message.startswith(f"{copy / 'data_batch_3'} is missing")
    assert "--data FOLDER" in message


def test_a_truncated_file_is_named_with_its_size(copy):
    whole = (copy / "data_batch_1").read_bytes()
    replace(copy / "data_batch_1", whole[:1_000_000])
    assert f"{copy / 'data_batch_1'} is damaged: 1,000,000 bytes, " in error_of(copy.parent)


def test_an_empty_file_and_one_of_another_kind_are_named(copy):
    replace(copy / "data_batch_1", b"")
    assert "is damaged: 0 bytes, EOFError" in error_of(copy.parent)
    replace(copy / "data_batch_1", b"<html>not found</html>")
    assert "data_batch_1 is damaged: 22 bytes" in error_of(copy.parent)


def test_a_damaged_list_of_names_is_told(copy):
    replace(copy / "batches.meta", b"")
    assert f"{copy / 'batches.meta'} is damaged" in error_of(copy.parent)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"labels": [0] * 9_999}, "9,999 labels of 0 to 0 instead of 10,000"),
        ({"labels": [10] * 10_000}, "10,000 labels of 10 to 10"),
        ({"data": np.zeros((9_999, 3_072), np.uint8)}, "9999 x 3 x 32 x 32 values"),
        ({"data": np.zeros((10_000, 3_072), np.float32)}, "values of type float32"),
    ],
)
def test_a_file_of_other_contents_is_refused(copy, values, found):
    change(copy / "data_batch_1", **{"data": np.zeros((10_000, 3_072), np.uint8), "labels": [0] * 10_000, **values})
    message = error_of(copy.parent)
    assert f"{copy / 'data_batch_1'} is damaged: " in message
    assert found in message


def test_files_that_are_whole_but_not_cifar10_are_refused(copy):
    batch = pickle.loads((copy / "test_batch").read_bytes(), encoding="latin1")
    change(copy / "test_batch", data=255 - batch["data"])
    assert "is not CIFAR-10: mean and standard deviation of the red test images" in error_of(copy.parent)


def test_changed_labels_are_found_by_the_images_of_each_class(cifar10_root):
    files = cifar10_files.read_files(cifar10_root / FOLDER)
    labels = files.test.labels_N.clone()
    labels[labels.eq(3).nonzero()[0]] = 5
    with pytest.raises(DataError, match=r"test images per class are \[1000, 1000, 1000, 999, 1000, 1001,"):
        cifar10_files.verify_contents(cifar10_root, files.train, files.test._replace(labels_N=labels))


def test_packed_data_is_recognised_and_the_way_out_is_said(tmp_path):
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / "data_batch_1.zip").touch()
    assert "needs the folder that holds cifar-10-batches-py" in error_of(packed)
    (tmp_path / "unpack.py").touch()
    assert f"`python {tmp_path / 'unpack.py'} cifar10 --out DIR`" in error_of(packed)


def test_a_folder_without_the_data_is_named(tmp_path):
    assert error_of(tmp_path).startswith(f"no {FOLDER} in {tmp_path}; --data needs")
    assert error_of(tmp_path / "none").startswith(f"no folder {tmp_path / 'none'}; --data needs")


def test_a_failing_download_is_one_line_and_leaves_nothing_that_looks_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(CIFAR10, "url", (tmp_path / "none.tar.gz").as_uri())
    with pytest.raises(DataError, match=r"cannot download file:.*; name a folder with --data FOLDER") as error:
        Cifar10().prepare()
    assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "data" / FOLDER).exists()


class _Runs:
    """A pickle that writes a file as soon as it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "code ran")


@pytest.mark.parametrize("name", ["data_batch_1", "test_batch", "batches.meta"])
def test_a_file_that_would_run_code_is_refused_before_it_runs(copy, tmp_path, name):
    ran = tmp_path / "ran"
    replace(copy / name, pickle.dumps({"data": _Runs(ran), "labels": [0]}, protocol=2))
    message = error_of(copy.parent)
    assert str(copy / name) in message
    assert not ran.exists()
