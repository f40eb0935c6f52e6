"""Costs at other lengths than the task's own: which lengths, of which tasks, and what is counted there."""

from typing import NamedTuple

from nas.evaluators.flops import Flops
from nas.evaluators.pieces import Part
from nas.experiment import Experiment
from nas.tasks.base import Task

POWERS = tuple(4**power for power in range(1, 7))
"""A length times or divided by one of them is another; a square of patches stays a square."""
SHORTEST, LONGEST = 16, 4_096
"""Tokens of the source; the task's own length is always among them."""


class Length(NamedTuple):
    """One length of inputs."""

    tokens: int
    """Of an image, or of the source."""
    target_tokens: int | None
    """Of the output of a translation."""
    task: Task
    """With inputs of that length."""

    def is_of(self, task: Task) -> bool:
        """Whether the task has that length itself."""
        return self.task.example_tokens() == task.example_tokens()

    @property
    def name(self) -> str:
        """`256`; of a translation whose sides differ, `120-160`."""
        alike = self.target_tokens in (None, self.tokens)
        return str(self.tokens) if alike else f"{self.tokens}-{self.target_tokens}"


def lengths(task: Task) -> list[Length]:
    """The task's own length and those by factors of 4 from it; empty where the task has one length only."""
    own = task.example_tokens()
    if not own:
        return []
    # as whole numbers: a quarter of 30 tokens is no length
    shorter = [tuple(each // by for each in own) for by in POWERS if all(each % by == 0 for each in own)]
    longer = [tuple(each * by for each in own) for by in POWERS]
    inside = [each for each in [*shorter, *longer] if SHORTEST <= each[0] <= LONGEST]
    return [at_length(task, *each) for each in sorted([own, *inside])]


def at_length(task: Task, tokens: int, target_tokens: int | None = None) -> Length:
    """Raises: ValueError if the task has no inputs of that length."""
    return Length(tokens, target_tokens, task.at_length(tokens, target_tokens))


def flops_of(experiment: Experiment) -> Flops:
    """FLOPs at a task's own length, of what the experiment counts: the body where its first such cost does."""
    part: Part = next((cost.of for cost in experiment.costs if isinstance(cost, Flops)), "network")
    return Flops(of=part)
