"""BLEU and chrF of decoded translations, computed by sacreBLEU alone.

Source: Post 2018, "A Call for Clarity in Reporting BLEU Scores"; chrF: Popovic 2015.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from torch import nn

from nas.evaluators.base import Measured
from nas.models.decoding import Decoding
from nas.tasks.base import EvalSplit, Task
from nas.tasks.translate import check_translator, translate
from nas.tasks.translation import TranslationTask

HYPOTHESES = "translations.txt"


@dataclass(frozen=True)
class Bleu:
    """BLEU from 0 to 100, against one reference, of sentences as they were written."""

    decoding: Decoding = Decoding(beam=4, length_penalty=0.6)
    """HAT's beam and length penalty."""
    beside: tuple[str, ...] = ()
    """Other tokenisations of sacreBLEU to give the score in as well: `intl`, `char`, `none`."""

    name = "bleu"
    unit = "BLEU"
    bounds = (0.0, 100.0)

    def __call__(self, task: Task, model: nn.Module, split: EvalSplit) -> float:
        return self.measure(task, model, split).value

    def measure(self, task: Task, model: nn.Module, split: EvalSplit) -> Measured:
        """The score; how it was found, with sacreBLEU's signatures; and the translations.

        Raises: ValueError if the task is no translation, or the network of another family.
        """
        texts = _translation(task).texts(split)
        network = check_translator(model)
        found = translate(network, _translation(task).corpus().subwords, texts.source, self.decoding)
        card = score(found, texts.target, self.beside)
        how = {"beam": self.decoding.beam, "length_penalty": self.decoding.length_penalty, "sentences": len(found)}
        return Measured(card["bleu"], card | how, {HYPOTHESES: "".join(f"{line}\n" for line in found)})

    def baselines(self, task: Task, split: EvalSplit) -> dict[str, dict[str, Any]]:
        """Scores of translations that need no network, by the name of the method."""
        references = _translation(task).texts(split).target
        found = _translation(task).baselines(split)
        return {name: score(lines, references, self.beside) for name, lines in found.items()}


def _translation(task: Task) -> TranslationTask:
    if not isinstance(task, TranslationTask):
        raise ValueError(f"BLEU needs a translation task, found {task.name}")
    return task


def score(hypotheses: Sequence[str], references: Sequence[str], beside: Sequence[str] = ()) -> dict[str, Any]:
    """BLEU and chrF with their signatures, as the command `sacrebleu` prints them."""
    bleu, chrf = BLEU(), CHRF()
    found: dict[str, Any] = {"bleu": bleu.corpus_score(hypotheses, [references]).score}
    found |= {"signature": str(bleu.get_signature()), "chrf": chrf.corpus_score(hypotheses, [references]).score}
    found["chrf_signature"] = str(chrf.get_signature())
    for tokenize in beside:
        other = BLEU(tokenize=tokenize)
        found[f"bleu_{tokenize}"] = other.corpus_score(hypotheses, [references]).score
        found[f"signature_{tokenize}"] = str(other.get_signature())
    return found
