"""A keeper whose files lie with the driver: trainings under Ray post what they do, and the driver applies it in order.

Workers on other machines see neither the run's folder nor, in general, a disk that all share. So a worker posts to a
mailbox, an actor beside the driver, what a local training would do to its files. The driver, which alone holds the
run's lock, takes it and does it. Checkpoints and logs therefore have the place and the format of a local training,
outlive any node but the driver's, and a training goes on with Ray or without.

Loads Ray: imported only where it is asked for.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

# it sets what Ray reads when it is imported
import nas.parallel.cluster  # noqa: F401

# isort: split
import ray
from torch import Tensor

from nas.training.loop import Checkpoint, Files

ADVANCE_SECONDS = 0.5


Action = Literal["rewind", "log", "save", "advance", "finish", "refuse"]


class Message(NamedTuple):
    """One thing that a training did."""

    action: Action
    """A method of a keeper; progress; the end of the training with its result; or its end with a mistake."""
    arguments: tuple[Any, ...]


class Mailbox:
    """Holds the last checkpoint of every training, and the messages that the driver has not taken yet."""

    def __init__(self, last: list[Checkpoint | None]) -> None:
        self.last = last
        self.attempts = [0] * len(last)
        self.messages: list[tuple[int, Message]] = []
        self.stop = False

    def begin(self, training: int) -> tuple[int, Checkpoint | None]:
        """A worker begins a training: the number of its attempt, and the checkpoint to go on from."""
        self.attempts[training] += 1
        return self.attempts[training], self.last[training]

    def post(self, training: int, attempt: int | None, message: Message) -> bool:
        """Keep a message; what comes late from an attempt that has ended is dropped.

        Args:
            attempt: None from a process that has not begun the training: of its messages only a refusal counts.

        Returns: Whether the training should stop.
        """
        if attempt == self.attempts[training] or (attempt is None and message.action == "refuse"):
            self.messages.append((training, message))
            if message.action == "save":
                self.last[training] = message.arguments
        return self.stop

    def take(self, stop: bool) -> list[tuple[int, Message]]:
        """Messages since the last call; also says whether trainings should stop."""
        self.stop = stop
        messages, self.messages = self.messages, []
        return messages


class Inbox:
    """The driver's side of a mailbox: applies messages to the files of each training."""

    def __init__(self, files: Sequence[Files]) -> None:
        """Inside a connection to Ray. Raises: ValueError if a checkpoint is damaged."""
        self.files = files
        # beside the driver: it ends with it anyway, and no other node takes it away
        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        remote = ray.remote(num_cpus=0, label_selector=here)(Mailbox)
        self.mailbox: Any = remote.remote([each.last() for each in files])

    def deliver(self, stop: bool = False) -> Iterator[tuple[int, Message]]:
        """Apply what was posted, in its order; gives the messages that are not for files, each in its turn."""
        for training, message in ray.get(self.mailbox.take.remote(stop)):
            if message.action in ("rewind", "log", "save"):
                getattr(self.files[training], message.action)(*message.arguments)
            else:
                yield training, message


class PostingKeeper:
    """The keeper of a training in a worker, and its way to tell progress and to hear whether to stop."""

    def __init__(self, mailbox: Any, training: int, name: str) -> None:
        """Args:
        training: Place of the training among those of the mailbox.
        name: Name of the checkpoint in messages to the user.
        """
        self.mailbox = mailbox
        self.training = training
        self.name = name
        self.attempt: int | None = None
        self.answer: Any = None
        self.latest: tuple[int, str] | None = None
        self.posted = 0.0
        self.stop = False

    def last(self) -> Checkpoint | None:
        self.attempt, found = ray.get(self.mailbox.begin.remote(self.training))
        return found  # type: ignore[no-any-return]

    def rewind(self, step: int, steps: int) -> None:
        self._post("rewind", step, steps)

    def log(self, line: dict[str, Any]) -> None:
        self._post("log", line)

    def save(self, state: dict[str, Tensor], metadata: dict[str, str]) -> None:
        if self.latest is not None:
            self._post("advance", *self.latest)
        self._post_and_wait("save", {name: tensor.detach().cpu() for name, tensor in state.items()}, metadata)

    def advance(self, done: int, words: str) -> None:
        now, self.latest = time.monotonic(), (done, words)
        if now - self.posted > ADVANCE_SECONDS:
            self.posted = now
            self._post("advance", done, words)

    def asked(self) -> bool:
        """Whether the driver asks the training to stop."""
        if self.answer is not None and ray.wait([self.answer], timeout=0)[0]:
            self.stop, self.answer = ray.get(self.answer), None
        return self.stop

    def finish(self, *result: Any) -> None:
        """The training came to its end."""
        self._post_and_wait("finish", *result)

    def refuse(self, mistake: str) -> None:
        """The training met a mistake that another attempt would meet again."""
        self._post_and_wait("refuse", mistake)

    def _post(self, action: Action, *arguments: Any) -> Any:
        self.answer = self.mailbox.post.remote(self.training, self.attempt, Message(action, arguments))
        return self.answer

    def _post_and_wait(self, action: Action, *arguments: Any) -> None:
        # a message on its way is lost with the worker; those before it have arrived when it has
        ray.get(self._post(action, *arguments))
