"""BLEU and chrF of decoded translations, computed by sacreBLEU alone, with its tokenizer for the target language.

Source: Post 2018, "A Call for Clarity in Reporting BLEU Scores"; chrF: Popovic 2015.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from torch import nn

from nas.evaluators.base import Measured
from nas.evaluators.tokenizers import DEFAULT, tokenizer_for
from nas.models.decoding import Decoding
from nas.system.ranges import check
from nas.tasks.base import EvalSplit, Task
from nas.tasks.translate import check_translator, translate
from nas.tasks.translation import TranslationTask

HYPOTHESES = "translations.txt"
LONGEST_REASON = 200
"""Characters of a library's error that are kept."""


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

    def __post_init__(self) -> None:
        check(self)
        if unknown := next((each for each in self.beside if each not in BLEU.TOKENIZERS), None):
            raise ValueError(f"sacreBLEU has no tokenisation {unknown!r}; there are: {', '.join(BLEU.TOKENIZERS)}")

    def prepare(self, task: Task, network: nn.Module) -> None:
        """Raises: ValueError if the task's networks are not decoded, or a tokenisation cannot be used here."""
        _translation(task)
        check_translator(network)
        for tokenize in self.beside:
            try:
                BLEU(tokenize=tokenize).corpus_score(["a"], [["a"]])
            except Exception as error:
                # each tokenisation has a library of its own, some a download, and each fails in its own way
                why = " ".join(str(error).split())[:LONGEST_REASON]
                raise ValueError(f"sacreBLEU's tokenisation {tokenize!r} cannot be used here: {why}") from error

    def __call__(self, task: Task, model: nn.Module, split: EvalSplit) -> float:
        return self.measure(task, model, split).value

    def measure(self, task: Task, model: nn.Module, split: EvalSplit) -> Measured:
        """The score; how it was found, with sacreBLEU's signatures; and the translations.

        Raises: ValueError if the task is no translation, or the network of another family.
        """
        texts = _translation(task).texts(split)
        network = check_translator(model)
        found = translate(network, _translation(task).corpus().subwords, texts.source, self.decoding)
        tokenizer = tokenizer_for(_translation(task).target_language())
        card = score(found, texts.target, self.beside, tokenizer.name)
        how = {
            "tokenizer": str(tokenizer),
            "beam": self.decoding.beam,
            "length_penalty": self.decoding.length_penalty,
            "sentences": len(found),
        }
        return Measured(card["bleu"], card | how, {HYPOTHESES: "".join(f"{line}\n" for line in found)})

    def baselines(self, task: Task, split: EvalSplit) -> dict[str, dict[str, Any]]:
        """Scores of translations that need no network, by the name of the method."""
        references = _translation(task).texts(split).target
        found, tokenizer = _translation(task).baselines(split), tokenizer_for(_translation(task).target_language())
        return {name: score(lines, references, self.beside, tokenizer.name) for name, lines in found.items()}

    def explain(self, task: Task) -> str:
        """Raises: ValueError if the task is no translation."""
        return f"{self.name} by sacreBLEU's tokenizer {tokenizer_for(_translation(task).target_language())}"


def _translation(task: Task) -> TranslationTask:
    if not isinstance(task, TranslationTask):
        raise ValueError(f"BLEU needs a translation task, found {task.name}")
    return task


def score(
    hypotheses: Sequence[str], references: Sequence[str], beside: Sequence[str] = (), tokenizer: str = DEFAULT
) -> dict[str, Any]:
    """BLEU and chrF with their signatures, as the command `sacrebleu` prints them."""
    bleu, chrf = BLEU(tokenize=tokenizer), CHRF()
    found: dict[str, Any] = {"bleu": bleu.corpus_score(hypotheses, [references]).score}
    found |= {"signature": str(bleu.get_signature()), "chrf": chrf.corpus_score(hypotheses, [references]).score}
    found["chrf_signature"] = str(chrf.get_signature())
    for tokenize in beside:
        other = BLEU(tokenize=tokenize)
        found[f"bleu_{tokenize}"] = other.corpus_score(hypotheses, [references]).score
        found[f"signature_{tokenize}"] = str(other.get_signature())
    return found
