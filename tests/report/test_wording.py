from nas.report import wording


def test_equal_neighbours_are_named_once_with_their_number():
    assert wording.kinds(("softmax", "lrpe", "lrpe", "lrpe", "softmax")) == "softmax, lrpe ×3, softmax"
    assert wording.kinds(("fixation(of=cosformer)",) * 2) == "fixation(of=cosformer) ×2"
    assert wording.kinds(()) == wording.NONE
