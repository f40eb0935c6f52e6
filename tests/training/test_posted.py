"""The mailbox between trainings under Ray and the driver, without Ray: which messages count, and what a retry is given.

tests/retrain/test_on_ray.py and tests/supernet/test_on_ray.py run it under Ray.
"""

from pathlib import Path
from typing import Any

import torch

from nas.training.loop import Files
from nas.training.posted import Mailbox, Message

CHECKPOINT = ({"weight": torch.ones(2)}, {"step": "3", "seconds": "0.5"})


def test_messages_are_taken_once_and_in_their_order() -> None:
    mailbox = Mailbox([None, None])
    first, second = mailbox.begin(0)[0], mailbox.begin(1)[0]
    sent = [(0, Message("rewind", (0, 9))), (1, Message("log", ({"step": 1},))), (0, Message("save", CHECKPOINT))]
    for training, message in sent:
        mailbox.post(training, (first, second)[training], message)
    assert mailbox.take(False) == sent
    assert mailbox.take(False) == []


def test_a_new_attempt_goes_on_from_the_last_checkpoint_and_what_the_old_one_posts_is_dropped() -> None:
    mailbox = Mailbox([None])
    old, found = mailbox.begin(0)
    assert found is None
    mailbox.post(0, old, Message("save", CHECKPOINT))
    new, found = mailbox.begin(0)
    assert found == CHECKPOINT
    mailbox.take(False)
    for action in ("log", "save", "finish", "refuse"):
        mailbox.post(0, old, Message(action, ("late",)))
    assert mailbox.take(False) == []
    assert mailbox.begin(0) == (new + 1, CHECKPOINT)


def test_a_process_that_has_not_begun_the_training_can_only_refuse_it() -> None:
    mailbox = Mailbox([None])
    mailbox.begin(0)
    mailbox.post(0, None, Message("advance", (1, "loss")))
    mailbox.post(0, None, Message("refuse", ("no data here",)))
    assert mailbox.take(False) == [(0, Message("refuse", ("no data here",)))]


def test_whoever_posts_hears_whether_to_stop() -> None:
    mailbox = Mailbox([None])
    attempt, _ = mailbox.begin(0)
    assert not mailbox.post(0, attempt, Message("log", ({"step": 1},)))
    mailbox.take(True)
    assert mailbox.post(0, attempt, Message("log", ({"step": 2},)))


def test_a_mailbox_starts_with_the_checkpoints_of_the_files(tmp_path: Path) -> None:
    files = Files(tmp_path / "checkpoint.safetensors", tmp_path / "log.jsonl")
    files.save(*CHECKPOINT)
    found: Any = Mailbox([files.last()]).begin(0)[1]
    assert torch.equal(found[0]["weight"], CHECKPOINT[0]["weight"])
    assert found[1] == CHECKPOINT[1]
