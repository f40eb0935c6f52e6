"""The files of CIFAR-10 as torchvision lays them out: found, downloaded, read, and verified.

Files that differ from the official ones byte for byte, as a rebuilt copy does, are taken if their contents are those of
CIFAR-10: number, shape and range of images and labels, images per class, mean and standard deviation of the channels.
"""

import shutil
import tarfile
from hashlib import file_digest
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nas.tasks.base import DataError
from nas.tasks.images.plain_pickle import read_plain_pickle
from nas.tasks.images.vision_library import CIFAR10

FOLDER = "cifar-10-batches-py"
IMAGES_PER_FILE = 10_000
CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CHANNEL_NAMES = ("red", "green", "blue")
MEAN_TRAIN, STD_TRAIN = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
MEAN_TEST, STD_TEST = (0.4942, 0.4851, 0.4504), (0.2467, 0.2429, 0.2616)
"""Published values, as a share of 255; over all training and all test images."""
TOLERANCE = 0.001


class Images(NamedTuple):
    """The images of one part, training or test, in the order of the files."""

    images_NCHW: Tensor
    """Bytes."""
    labels_N: Tensor


class Cifar10Files(NamedTuple):
    """Both parts, and how far they can be trusted."""

    train: Images
    test: Images
    verified: str
    """The result of the verification, in words."""


def find_folder(root: Path) -> Path:
    """The folder of the batch files: `root` itself or `cifar-10-batches-py` in it.

    Raises: DataError if there is neither.
    """
    for folder in (root, root / FOLDER):
        if (folder / "data_batch_1").exists() or (folder.name == FOLDER and folder.is_dir()):
            return folder
    needed = f"--data needs the folder that holds {FOLDER}, as torchvision and the official archive lay it out"
    if not root.is_dir():
        raise DataError(f"no folder {root}; {needed}")
    if (root / "data_batch_1.zip").exists():
        script = root.parent / "unpack.py"
        how = f"`python {script} cifar10 --out DIR`, then --data DIR" if script.exists() else "unpack it first"
        raise DataError(f"{root} holds CIFAR-10 packed in data_batch_*.zip; {needed}: {how}")
    raise DataError(f"no {FOLDER} in {root}; {needed}")


def download(root: Path) -> None:
    """Download the official files into `root`; they get their name when they are complete.

    Raises: DataError if that fails.
    """
    beside = root / f"{FOLDER}.part"
    try:
        CIFAR10(beside, train=False, download=True)
        (beside / FOLDER).rename(root / FOLDER)
        shutil.rmtree(beside)
    except (OSError, RuntimeError, HTTPException, tarfile.TarError, EOFError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        what = f"cannot download {CIFAR10.url} into {root}: {reason}; name a folder with --data FOLDER"
        raise DataError(what) from error


def read_files(folder: Path) -> Cifar10Files:
    """All images of a folder that `find_folder` found.

    Raises: DataError if a file is missing or damaged, or if the contents are not those of CIFAR-10.
    """
    names = [[name for name, _ in part] for part in (CIFAR10.train_list, CIFAR10.test_list)]
    meta = CIFAR10.meta["filename"]
    for name in (meta, *names[0], *names[1]):
        if not (folder / name).is_file():
            raise _damaged(folder / name, "is missing")
    official = (*CIFAR10.train_list, *CIFAR10.test_list)
    if _md5(folder / meta) != CIFAR10.meta["md5"]:
        raise _damaged(folder / meta, f"is damaged: its checksum is not {CIFAR10.meta['md5']}")
    train, test = ([_read_batch(folder / name) for name in part] for part in names)
    files = Images(*map(torch.cat, zip(*train, strict=True))), Images(*map(torch.cat, zip(*test, strict=True)))
    differing = [name for name, md5 in official if _md5(folder / name) != md5]
    if not differing:
        return Cifar10Files(*files, "all checksums are the official ones")
    verified = verify_contents(folder, *files)
    which = f"of all {len(official)}" if len(differing) == len(official) else f"of {', '.join(differing)}"
    return Cifar10Files(*files, f"checksums {which} files differ from the official ones; contents verified: {verified}")


def _read_batch(path: Path) -> Images:
    # unpickling a damaged file may raise anything
    try:
        batch = read_plain_pickle(path)
        images = np.asarray(batch["data"])
        images_NCHW = images.reshape(len(images), 3, 32, 32)
        labels = np.asarray(batch["labels"], dtype=np.int64)
    except Exception as error:
        what = f"is damaged: {path.stat().st_size:,} bytes, {type(error).__name__}: {' '.join(str(error).split())}"
        raise _damaged(path, what) from error
    if len(images_NCHW) != IMAGES_PER_FILE or images_NCHW.dtype != np.uint8:
        found = f"{' x '.join(map(str, images_NCHW.shape))} values of type {images_NCHW.dtype}"
        raise _damaged(path, f"is damaged: {found} instead of {IMAGES_PER_FILE} x 3 x 32 x 32 bytes")
    if labels.shape != (IMAGES_PER_FILE,) or labels.min() < 0 or labels.max() > 9:
        found = f"{labels.size:,} labels" + (f" of {labels.min()} to {labels.max()}" if labels.size else "")
        raise _damaged(path, f"is damaged: {found} instead of {IMAGES_PER_FILE:,} of 0 to 9")
    # rows of channels, as torchvision keeps them in memory; the pixels are those of the file
    images_NHWC = np.ascontiguousarray(images_NCHW.transpose(0, 2, 3, 1))
    return Images(torch.from_numpy(images_NHWC.transpose(0, 3, 1, 2)), torch.from_numpy(labels))


def verify_contents(folder: Path, train: Images, test: Images) -> str:
    """Compare the contents with those of CIFAR-10, and say in words what agrees; files of the right shape are assumed.

    Raises: DataError if the number of images per class, or a channel's mean or standard deviation, is another.
    """
    parts = (("training", train, 5_000, MEAN_TRAIN, STD_TRAIN), ("test", test, 1_000, MEAN_TEST, STD_TEST))
    for part, (images_NCHW, labels_N), per_class, mean, std in parts:
        counts = torch.bincount(labels_N, minlength=10).tolist()
        if set(counts) != {per_class}:
            raise _damaged(folder, f"is not CIFAR-10: {part} images per class are {counts}, not {per_class:,} each")
        found = [_mean_and_std(images_NCHW[:, channel]) for channel in range(3)]
        for channel, value, published in zip(CHANNEL_NAMES, found, zip(mean, std, strict=True), strict=True):
            if max(abs(a - b) for a, b in zip(value, published, strict=True)) > TOLERANCE:
                what = "mean and standard deviation of the {} {} images are {:.4f} and {:.4f}, not {:.4f} and {:.4f}"
                raise _damaged(folder, "is not CIFAR-10: " + what.format(channel, part, *value, *published))
    return (
        f"{IMAGES_PER_FILE:,} images of 32 x 32 x 3 bytes in each file, 5,000 training and 1,000 test images "
        f"of each class, channel means and standard deviations as published within {TOLERANCE}"
    )


def _mean_and_std(values: Tensor) -> tuple[float, float]:
    """Exact mean and deviation of bytes, as shares of 255: from the counts of the 256 values."""
    counts = torch.bincount(values.flatten(), minlength=256).double()
    levels = torch.arange(256).double() / 255
    mean = (counts @ levels) / counts.sum()
    return float(mean), float(((counts @ (levels - mean).square()) / counts.sum()).sqrt())


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "md5").hexdigest()


def _damaged(path: Path, what: str) -> DataError:
    folder = path if path.is_dir() else path.parent
    would_do = f"name another folder with --data FOLDER, or delete {folder} and download it again (without --data)"
    return DataError(f"{path} {what}; {would_do}")
