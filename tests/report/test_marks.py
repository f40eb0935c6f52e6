from hypothesis import given
from hypothesis import strategies as st

from nas.report.marks import SERIES, front_marker, marks, series_colour

names = st.lists(st.from_regex(r"[a-z]{1,6}(_[a-z]{1,6})?", fullmatch=True), unique=True, max_size=10)


@given(names)
def test_letters_are_unique(kinds):
    letters = [mark.letter for mark in marks(kinds).values()]
    assert len(set(letters)) == len(kinds)


def test_the_four_kinds_keep_their_colours_beside_others():
    kinds = ("cosformer", "linear", "lrpe", "softmax")
    assert {k: m.colour for k, m in marks((*kinds, "new")).items() if k in kinds} == {
        k: m.colour for k, m in marks(kinds).items()
    }


def test_kinds_with_settings_are_lettered_by_what_is_set():
    kinds = ("lrpe", "lrpe(core=complex)", "lrpe(core=mixed,basis=dct)", "softmax")
    assert [mark.letter for mark in marks(kinds).values()] == ["L", "C", "M", "S"]


def test_text_on_a_colour_reads_well():
    def luminance(colour):
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for mark in marks(("softmax", "linear", "cosformer", "lrpe", "softmax_relative", "x", "y", "z")).values():
        bright, dark = sorted((luminance(mark.colour), luminance(mark.text_colour)), reverse=True)
        # WCAG 2.2 AA
        assert (bright + 0.05) / (dark + 0.05) >= 4.5


def test_more_runs_than_colours_stay_apart():
    runs = [(series_colour(place), front_marker(place)) for place in range(40)]
    assert len(set(runs)) == 40
    assert [colour for colour, _ in runs[:8]] == list(SERIES)
    assert len({colour for colour, _ in runs[:24]}) == 24
    assert runs[8][1] != runs[0][1]


def test_more_unknown_kinds_than_colours_stay_apart():
    found = marks([f"own_{number}" for number in range(25)]).values()
    assert len({(mark.colour, mark.shape) for mark in found}) == 25
