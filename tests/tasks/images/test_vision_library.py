import torch

from nas.tasks.images.vision_library import BOX_OPERATORS, CIFAR10, VERSION, transforms


def test_what_is_used_of_torchvision_works_with_or_without_its_compiled_operators():
    image = torch.arange(6, dtype=torch.uint8).view(1, 2, 3)
    assert transforms.functional.horizontal_flip(image).tolist() == [[[2, 1, 0], [5, 4, 3]]]
    assert CIFAR10.base_folder == "cifar-10-batches-py"
    assert VERSION[0].isdigit()


def test_the_box_operators_are_declared_once_whoever_did_it():
    for name in BOX_OPERATORS:
        assert getattr(torch.ops.torchvision, name).overloads() == ["default"]
