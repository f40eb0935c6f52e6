import pytest
import torch
from sklearn.datasets import load_digits

from nas.models.vision import VisionTransformer
from nas.search_space.presets import tiny
from nas.tasks.augmentation import Augmentation
from nas.tasks.digits import Digits

SPLITS = ("train", "search", "select", "test")


def images(name):
    split = Digits().split(name)
    return split.images_NCHW[split.rows], split.labels_N[split.rows]


def test_the_splits_hold_every_image_once():
    found = [image.numpy().tobytes() for name in SPLITS for image in images(name)[0]]
    expected = [image.astype("uint8").tobytes() for image in load_digits().images]
    assert sorted(found) == sorted(expected)
    assert len(set(found)) == 1_797


def test_held_out_splits_have_35_images_of_each_digit():
    for name in ("search", "test"):
        assert torch.bincount(images(name)[1]).tolist() == [35] * 10
    assert torch.bincount(images("select")[1]).tolist() == [20] * 10
    assert len(images("train")[1]) == 1_797 - 2 * 350 - 200


def test_labels_belong_to_their_images():
    pairs = zip(*load_digits(return_X_y=True), strict=True)
    labels = {image.astype("uint8").tobytes(): label for image, label in pairs}
    for name in SPLITS:
        for image, label in zip(*images(name), strict=True):
            assert labels[image.numpy().tobytes()] == label


def test_mean_and_standard_deviation_are_those_of_the_training_images():
    task = Digits()
    values = images("train")[0].double() / 16
    assert task.mean == pytest.approx([values.mean().item()], abs=1e-4)
    assert task.std == pytest.approx([values.std().item()], abs=1e-4)
    normal = task.normalise(images("train")[0])
    assert abs(normal.mean()) < 1e-3
    assert normal.std() == pytest.approx(1, abs=1e-3)


def test_an_epoch_shows_every_image_at_most_once():
    task = Digits(augmentation=Augmentation())
    # 897 images make 7 batches of 128; 1 is left out
    shown = [x.numpy().tobytes() for step in range(7) for x in task.train_batch(step, 128, seed=0).inputs[0]]
    assert len(shown) == len(set(shown)) == 7 * 128
    known = {x.numpy().tobytes() for x in task.normalise(images("train")[0])}
    assert set(shown) <= known


def test_the_next_epoch_comes_in_another_order():
    task = Digits(augmentation=Augmentation())
    first, second = task.train_batch(0, 128, seed=0), task.train_batch(7, 128, seed=0)
    assert not torch.equal(first.targets, second.targets)


def test_the_exported_family_computes_what_the_task_builds():
    task = Digits(patch_size=2, tokenizer="conv", pooling="class_token", drop_path=0.5)
    architecture = tiny().smallest()
    model = task.build(architecture)
    name, settings = task.family()
    assert name == "vision_transformer"
    alone = VisionTransformer(architecture, **settings)
    alone.load_state_dict(model.state_dict())
    x = next(task.batches("search", 4)).inputs[0]
    # the export has no drop-path, so it may be used in either mode
    assert torch.equal(alone.train()(x), model.eval()(x))


def test_costs_are_quoted_at_one_token_a_pixel_or_a_patch():
    assert Digits().cost_setting() == "64 tokens (8 x 8 pixels in patches of 1)"
    assert Digits(patch_size=2, pooling="class_token").cost_setting() == "17 tokens (8 x 8 pixels in patches of 2)"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patch_size": 3}, "patch_size 3 does not divide 8"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"augmentation": Augmentation(operations=1)}, "operations need pixels of 0 to 255"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Digits(**settings)


@pytest.mark.parametrize("batch_size", [0, 1_098])
def test_a_batch_that_the_data_cannot_fill_is_refused(batch_size):
    with pytest.raises(ValueError, match=f"batch size {batch_size} is not within 1 to 897"):
        Digits().train_batch(0, batch_size, seed=0)


def test_label_smoothing_spreads_its_share_over_all_classes():
    scores = torch.tensor([[2.0] + [0.0] * 9])
    log_p = torch.log_softmax(scores, 1)[0]
    expected = -(0.9 * log_p[0] + 0.1 * log_p.mean())
    assert Digits(label_smoothing=0.1).loss(scores, torch.tensor([0])) == pytest.approx(expected.item())
