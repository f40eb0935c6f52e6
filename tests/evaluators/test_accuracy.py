from dataclasses import dataclass

import pytest
import torch
from torch import nn

from nas.evaluators.accuracy import Accuracy
from nas.evaluators.base import measure
from nas.evaluators.likelihood import LogLikelihood
from nas.tasks.base import Batch, Task
from nas.tasks.digits import Digits


class Always(nn.Module):
    """Answers one class for every image."""

    def __init__(self, label: int):
        super().__init__()
        self.label = label

    def forward(self, images):
        assert not self.training
        return nn.functional.one_hot(torch.full((len(images),), self.label), 10).float()


@pytest.mark.parametrize("batch_size", [1, 64, 1000])
@pytest.mark.parametrize("split", ["search", "test"])
def test_constant_answer_is_right_as_often_as_its_class(batch_size, split):
    # every split has as many images of each of the ten classes
    assert Accuracy(batch_size)(Digits(), Always(3).train(), split) == pytest.approx(0.1)


def test_equals_the_mean_over_all_images_at_once():
    task, model = Digits(), nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    (batch,) = task.batches("search", 1000)
    expected = (model(*batch.inputs).argmax(-1) == batch.targets).double().mean()
    assert Accuracy(97)(task, model, "search") == pytest.approx(float(expected), abs=1e-12)


def test_model_is_left_in_evaluation_mode_without_gradients():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.Dropout(0.5)).train()
    first = Accuracy()(Digits(), model, "search")
    assert not model.training
    assert model[1].weight.grad is None
    assert Accuracy()(Digits(), model, "search") == first


def test_empty_split_is_refused():
    class Empty(Digits):
        def batches(self, split, batch_size):
            return iter(())

    with pytest.raises(ValueError, match="search split of task digits is empty"):
        Accuracy()(Empty(), Always(0), "search")


@dataclass(frozen=True)
class Tagging(Task):
    """Two sentences of six tokens; each token is of the class that it says itself."""

    name = "tagging"
    classes: int = 6
    padded: int = 0

    def build(self, architecture):
        return nn.Embedding.from_pretrained(torch.eye(self.classes) * 5)

    def prepare(self):
        return "two sentences"

    def train_batch(self, step, batch_size, seed):
        return next(self.batches("search", batch_size))

    def batches(self, split, batch_size):
        tokens = torch.arange(12).reshape(2, 6) % self.classes
        targets = tokens.clone()
        targets[:, 6 - self.padded :] = -100
        yield Batch((tokens,), targets)

    def loss(self, outputs, targets):
        return nn.functional.cross_entropy(outputs.flatten(0, 1), targets.flatten())

    def example_inputs(self):
        return (torch.zeros(1, 6, dtype=torch.int64),)

    def cost_setting(self):
        return "6 tokens"


@pytest.mark.parametrize("padded", [0, 2])
def test_a_perfect_tagger_scores_one(padded):
    task = Tagging(padded=padded)
    assert Accuracy()(task, task.build(None), "search") == 1.0


def test_a_tagger_is_right_as_often_as_its_tokens():
    class Shifted(nn.Module):
        """Right for the first four tokens of six."""

        def forward(self, tokens):
            return nn.functional.one_hot(torch.where(tokens < 4, tokens, tokens - 1), 6).float()

    assert Accuracy()(Tagging(), Shifted(), "search") == pytest.approx(8 / 12)


@pytest.mark.parametrize("classes", [4, 6])
@pytest.mark.parametrize("padded", [0, 2])
def test_the_default_likelihood_is_that_of_each_token(classes, padded):
    task = Tagging(classes, padded)
    (batch,) = task.batches("search", 2)
    logits = torch.randn(2, 6, classes, generator=torch.Generator().manual_seed(0))
    expected = sum(
        float(logits[row, place].log_softmax(0)[batch.targets[row, place]])
        for row in range(2)
        for place in range(6 - padded)
    )
    assert float(task.log_likelihood(logits, batch.targets)) == pytest.approx(expected, rel=1e-5)
    assert task.weight(batch.targets) == 2 * (6 - padded)


@pytest.mark.parametrize("quality", [Accuracy(), LogLikelihood()])
def test_targets_that_are_no_labels_of_the_outputs_are_refused_with_both_shapes(quality):
    class Pooled(nn.Module):
        def forward(self, tokens):
            return torch.zeros(len(tokens), 6)

    with pytest.raises(ValueError, match=r"float32 of shape \(2, 6\), targets int64 of shape \(2, 6\).*shape \(2,\)"):
        quality(Tagging(), Pooled(), "search")


@pytest.mark.parametrize("value", [6.0, -0.1])
def test_a_quality_outside_its_range_is_no_result(value):
    class Wrong(Accuracy):
        def __call__(self, task, model, split):
            return value

    with pytest.raises(ValueError, match=rf"accuracy is {value}, outside its range from 0 to 1"):
        measure(Wrong(), Tagging(), Tagging().build(None), "search")
