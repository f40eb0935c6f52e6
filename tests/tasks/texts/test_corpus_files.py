import numpy as np
import pytest

from nas.tasks.texts.corpus_files import CorpusSettings, in_words, token_type


def test_types_hold_every_id():
    assert token_type(65_536) == np.uint16
    assert token_type(65_537) == np.uint32


def test_settings_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="most_tokens needs a whole number from 1 to 100,000; found 0"):
        CorpusSettings(most_tokens=0)


def test_what_was_skipped_is_told_with_the_most_frequent_reason_first():
    assert in_words({"empty": 4, "too long": 1_230}) == "1,230 too long, 4 empty"
