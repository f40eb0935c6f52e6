from nas.report import wording


def test_equal_neighbours_are_named_once_with_their_number():
    assert wording.kinds(("softmax", "lrpe", "lrpe", "lrpe", "softmax")) == "softmax, lrpe ×3, softmax"
    assert wording.kinds(("fixation(of=cosformer)",) * 2) == "fixation(of=cosformer) ×2"
    assert wording.kinds(()) == wording.NONE


def test_what_rounds_to_a_thousand_takes_the_next_prefix():
    found = [wording.amount(value) for value in (999_400, 999_600, 999.7, 12_345)]
    assert found == ["999 k", "1.00 M", "1.00 k", "12.3 k"]
