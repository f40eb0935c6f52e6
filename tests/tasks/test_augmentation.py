import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.tasks.augmentation import OPERATIONS, Augmentation, erase, random_operation, shift_and_flip

EVERYTHING = Augmentation(shift=4, flip=True, operations=2, erase=0.25)


def draw_images(count: int, channels: int = 3, size: int = 32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(1, 255, (count, channels, size, size), dtype=torch.uint8, generator=generator)


@given(size=st.integers(2, 9), most=st.integers(0, 3), flip=st.booleans(), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_shift_and_flip_is_one_crop_of_the_padded_image(size, most, flip, seed):
    images = draw_images(3, 2, size)
    moved = shift_and_flip(images, most, flip, np.random.default_rng(seed))
    for image, found in zip(images, moved, strict=True):
        padded = torch.nn.functional.pad(image, (most,) * 4)
        offsets = range(2 * most + 1)
        crops = [padded[:, y : y + size, x : x + size] for y in offsets for x in offsets]
        crops += [crop.flip(-1) for crop in crops] if flip else []
        assert any(torch.equal(found, crop) for crop in crops)


def test_every_shift_and_both_directions_occur_equally_often():
    marked = torch.zeros(9_000, 1, 5, 5, dtype=torch.uint8)
    marked[:, 0, 2, 1] = 1  # left of the middle: its side tells whether the image was mirrored
    moved = shift_and_flip(marked, 1, False, np.random.default_rng(0))[:, 0]
    places = moved.flatten(1).argmax(1).bincount(minlength=25).view(5, 5)
    # 9 places, 1,000 each; the standard deviation of a count is sqrt(9,000 * 1/9 * 8/9) = 30
    assert (places[1:4, 0:3] - 1_000).abs().max() < 4 * 30
    mirrored = shift_and_flip(marked, 0, True, np.random.default_rng(0))[:, 0, 2, 3].sum()
    assert abs(mirrored - 4_500) < 4 * math.sqrt(9_000 / 4)


def test_erasing_changes_one_rectangle_of_the_wanted_share_of_images():
    images = draw_images(2_000)
    erased = erase(images, 0.25, np.random.default_rng(0))
    changed = [difference.any(0) for difference in (erased != images) if difference.any()]
    assert abs(len(changed) - 500) < 4 * math.sqrt(2_000 * 0.25 * 0.75)
    colour = images.float().mean((0, 2, 3)).byte()
    for mask in changed:
        rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
        rectangle = (len(rows), len(columns))
        assert (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == rectangle
        # at most a third of the image, but for rounding of the two sides to whole pixels
        assert math.prod(rectangle) <= (32 * math.sqrt(1 / 3) + 0.5) ** 2 * 1.1
    place = (erased != images).any(1)
    assert torch.equal(erased.permute(0, 2, 3, 1)[place], colour.expand(int(place.sum()), 3))


@pytest.mark.parametrize("number", range(len(OPERATIONS) - 3))
def test_an_operation_of_no_strength_changes_nothing(number):
    images = draw_images(4)
    assert torch.equal(OPERATIONS[number](images, 0.0), images)


@pytest.mark.parametrize("number", range(1, len(OPERATIONS)))
@pytest.mark.parametrize("strength", [-1.0, 1.0])
def test_an_operation_of_full_strength_changes_bytes_into_bytes(number, strength):
    images = draw_images(4) // 2
    changed = OPERATIONS[number](images, strength)
    assert changed.shape == images.shape
    assert changed.dtype == torch.uint8
    assert not torch.equal(changed, images)


def test_images_of_a_group_share_an_operation_and_its_strength():
    image = draw_images(1)
    changed = random_operation(image.expand(6, -1, -1, -1), 1.0, np.random.default_rng(1))
    assert all(torch.equal(one, changed[0]) for one in changed)
    augmented = Augmentation(operations=1, groups=3)(image.expand(6, -1, -1, -1), np.random.default_rng(1))
    assert all(torch.equal(augmented[place], augmented[place + 1]) for place in (0, 2, 4))


def test_augmentation_is_a_pure_function_of_images_and_generator():
    images = draw_images(32)
    before = images.clone(), torch.get_rng_state(), np.random.get_state()[1].copy()
    first = EVERYTHING(images, np.random.default_rng([0, 7]))
    torch.rand(3)
    torch.set_rng_state(before[1])
    assert torch.equal(EVERYTHING(images, np.random.default_rng([0, 7])), first)
    assert not torch.equal(EVERYTHING(images, np.random.default_rng([0, 8])), first)
    assert torch.equal(images, before[0])
    assert torch.equal(torch.get_rng_state(), before[1])
    assert np.array_equal(np.random.get_state()[1], before[2])


def test_the_default_leaves_images_as_they_are_and_a_batch_may_be_smaller_than_the_groups():
    images = draw_images(3)
    assert torch.equal(Augmentation()(images, np.random.default_rng(0)), images)
    assert EVERYTHING(images, np.random.default_rng(0)).shape == images.shape


@pytest.mark.parametrize(
    ("name", "value"), [("shift", -1), ("operations", -1), ("groups", 0), ("magnitude", 1.5), ("erase", -0.1)]
)
def test_impossible_values_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}.*{value}"):
        Augmentation(**{name: value})
