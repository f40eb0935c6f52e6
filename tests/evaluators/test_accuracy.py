import pytest
import torch
from torch import nn

from nas.evaluators.accuracy import Accuracy
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
