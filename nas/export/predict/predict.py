"""What an exported network makes of raw inputs: of lines of text their translations, of image files their classes.

Images are classified by `model.onnx` without torch: nothing that the command imports for it needs more than NumPy,
Pillow and ONNX Runtime.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from nas.export.predict.images import Backend, classes
from nas.export.read.config import read_config

__all__ = ["predict", "write"]


def predict(
    folder: Path,
    files: Sequence[Path],
    beam: int | None = None,
    length_penalty: float | None = None,
    backend: Backend | None = None,
) -> Iterator[str]:
    """The lines to be printed, as they come: translations of lines of text, or a name, class and probability an image.

    Args:
        files: Images, or texts in UTF-8; no texts mean standard input.
        beam: Of translations, instead of the export's; likewise `length_penalty`.
        backend: What computes classes of images, instead of ONNX Runtime where it is there.

    Raises: ValueError if there is no export, at once; if an input cannot be read, after the lines of those before.
    """
    config = read_config(folder)
    if config.family == "seq2seq":
        if backend not in (None, "torch"):
            raise ValueError(f"{folder} translates, which torch alone does; leave out --backend {backend}")
        if not find_spec("torch"):
            raise ValueError(f"{folder} translates, for which torch is needed: pip install attention-nas")
        # here and not above: images are classified without torch
        from nas.export.predict.texts import translations

        return translations(folder, files, beam, length_penalty)
    if beam is not None or length_penalty is not None:
        raise ValueError(f"{folder} classifies images; --beam and --length-penalty are for translations")
    if not files:
        raise ValueError(f"{folder} classifies images; name some: nas predict {folder} FILE")
    return classes(config, files, backend)


def write(lines: Iterator[str]) -> None:
    """Print each line as soon as it is there; ends quietly where nobody reads on, as before `| head`."""
    try:
        for line in lines:
            # names of files may be no UTF-8, and a console need not be set to it
            sys.stdout.buffer.write(f"{line}\n".encode("utf-8", "surrogateescape"))
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        # what could not be written would else be tried once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def predict_command(
    export: Path, files: list[Path], beam: int | None, length_penalty: float | None, backend: Backend | None
) -> None:
    write(predict(export, files, beam, length_penalty, backend))


FUNCTIONS = {"predict": predict_command}
"""The command, apart from the others, which load torch."""
