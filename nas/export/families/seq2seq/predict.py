"""Lines of text to their translations, by a network of PyTorch."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

from nas.evaluators.bleu import Bleu
from nas.experiment import Experiment
from nas.export.predict.lines import lines_of
from nas.export.read.config import Config, unchanged
from nas.export.read.network import open_export
from nas.models.decoding import Decoding
from nas.models.seq2seq import Seq2Seq
from nas.system.devices import default_device
from nas.tasks.texts.subwords import Subwords
from nas.tasks.translate import translate


def translations(folder: Path, files: Sequence[Path], beam: int | None, length_penalty: float | None) -> Iterator[str]:
    """The translation of each line of the files, or of standard input, as they come.

    Raises: ValueError if the export or an option will not do, at once; if a text cannot be read, after those before.
    """
    exported = open_export(folder)
    network = cast(Seq2Seq, exported.network.to(default_device()))
    return _translations(exported.config, network, _changed(decoding(exported.config), beam, length_penalty), files)


def decoding(config: Config) -> Decoding:
    """How translations were searched when the network was tested. Raises: ValueError if the config does not say."""
    with config.read():
        return Decoding(**config.values["decoding"])


def decoding_values(experiment: Experiment) -> dict[str, Any]:
    """The same as a config says it, of networks of an experiment."""
    tested = experiment.tested
    return asdict(tested.decoding if isinstance(tested, Bleu) else Decoding())


def subwords(config: Config) -> Subwords:
    """The vocabulary of an export. Raises: ValueError if it is missing or another one."""
    name, expected = config.preprocessing("subwords", "sha256")
    return Subwords(unchanged(config.folder / name, expected).read_bytes())


def _changed(decoding: Decoding, beam: int | None, length_penalty: float | None) -> Decoding:
    """The decoding with what was asked for. Raises: ValueError if that will not do."""
    asked = {"beam": beam, "length_penalty": length_penalty}
    changed: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    return replace(decoding, **changed)


def _translations(config: Config, network: Seq2Seq, decoding: Decoding, files: Sequence[Path]) -> Iterator[str]:
    vocabulary = subwords(config)
    for lines in lines_of(files, "translate"):
        for translation in translate(network, vocabulary, lines, decoding):
            # a rare character is spelled in bytes, so an ill-trained network can spell the end of a line
            yield " ".join(translation.split("\n"))
