import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.evaluators.latency import Quartiles
from nas.report.lengths.figures import draw_lengths
from nas.report.lengths.growth import NEVER, Growth, LengthCosts, counted_break_even, interpolated_break_even
from nas.report.lengths.words import length_rows, length_text, lengths_csv
from nas.report.summary import Summary

LENGTHS = (16, 64, 256, 1024)


def quadratic(tokens, width=32):
    # of softmax both products: 2 * N * N * K
    return 2.0 * tokens * tokens * width


def linear(tokens, width=32):
    return 2.0 * tokens * width * width


@given(st.integers(1, 300), st.sampled_from([(), (16, 64, 256, 300), (1, 300)]))
def test_linear_has_fewer_flops_from_the_width_of_a_head_on(width, known):
    every = range(1, 301)

    def is_cheaper(tokens):
        return linear(tokens, width) < quadratic(tokens, width)

    # equal at N = K, fewer from the next length on
    expected = width + 1 if width < 300 else NEVER
    assert counted_break_even(every, is_cheaper, known or (300,)) == expected


def test_squares_of_patches_are_the_only_lengths_of_images():
    squares = [side * side for side in range(1, 33)]
    assert counted_break_even(squares, lambda n: linear(n) < quadratic(n), (16, 64, 1024)) == 36


def test_what_is_always_or_never_cheaper():
    assert counted_break_even(range(1, 65), lambda n: True, (16, 64)) == 1
    assert counted_break_even(range(1, 65), lambda n: False, (16, 64)) == NEVER


def test_curves_of_two_powers_cross_between_lengths_where_they_do():
    # straight lines in logarithms, so the interpolation is exact: 2 N^2 = 200 N at 100
    own, rival = [200.0 * n for n in LENGTHS], [2.0 * n * n for n in LENGTHS]
    assert interpolated_break_even(LENGTHS, own, rival) == pytest.approx(100)
    assert interpolated_break_even(LENGTHS, rival, own) == NEVER
    assert interpolated_break_even(LENGTHS, [1, 1, 1, 1], [2, 2, 2, 2]) == 16
    # the last crossing counts, since it is meant from there on
    assert interpolated_break_even(LENGTHS, [1, 3, 3, 1], [2, 2, 2, 4]) > 256


def growth(name, kind, flops, slowness=None, softmax="soft", break_even=None):
    times = [None if slowness is None or n > 256 else slowness(n) for n in LENGTHS]
    quartiles = tuple(None if t is None else Quartiles(0.9 * t, t, 1.1 * t) for t in times)
    return Growth(
        name, kind, kind is None, kind is not None, tuple(map(flops, LENGTHS)), quartiles, softmax, break_even
    )


@pytest.fixture
def costs():
    return LengthCosts(
        tokens=LENGTHS,
        own=16,
        flops="flops",
        networks=(
            growth("mix", None, lambda n: (linear(n) + quadratic(n)) / 2, lambda n: n**1.5 / 5, break_even=33.0),
            growth("soft", "softmax", quadratic, lambda n: 2 * n * n / 100, softmax=None),
            growth("lin", "linear", linear, lambda n: 2.0 * n, break_even=33.0),
            growth("slow", "lrpe", linear, lambda n: 40.0 * n, break_even=NEVER),
        ),
        device="CPU of a test",
    )


def test_latency_is_compared_with_the_same_shape_in_softmax(costs):
    # N**1.5 / 5 = 2 N = N * N / 50 at 100
    assert costs.latency_break_even(costs.networks[2]) == pytest.approx(100)
    assert costs.latency_break_even(costs.networks[3]) == NEVER
    assert costs.latency_break_even(costs.networks[1]) is None
    assert replace(costs, networks=costs.networks[2:]).latency_break_even(costs.networks[2]) is None


def test_sentences_say_from_where_on_and_where_never(costs):
    said = " ".join(length_text(costs))
    assert "all linear from 33 tokens on; all lrpe never up to 1,024 tokens" in said
    # at 16 tokens: 2 * 16 * 32 * 32 against 2 * 16 * 16 * 32, twice as many
    assert "At this run's 16 tokens, compared with all softmax, all linear needs 100 % more FLOPs" in said
    assert "latency on CPU of a test, one thread, batch 1" in said
    assert "all linear from about 100 tokens on; all lrpe never" in said


def test_what_is_missing_is_said(costs):
    assert "one length only" in length_text(None)[0]
    unmeasured = replace(costs, device=None, networks=tuple(replace(n, latency=(None,) * 4) for n in costs.networks))
    assert "nas report RUN --measure" in length_text(unmeasured)[-1]
    assert "too much memory" in length_text(replace(costs, too_long=True))[-1]
    alone = replace(costs, networks=tuple(replace(n, flops_break_even=None, softmax=None) for n in costs.networks))
    assert "no softmax to compare with" in " ".join(length_text(alone))


def test_times_that_vary_much_are_called_rough(costs):
    # quartiles a tenth apart on each side
    assert not costs.is_noisy
    shaken = [replace(n, latency=tuple(q and q._replace(high=3 * q.median) for q in n.latency)) for n in costs.networks]
    noisy = replace(costs, networks=tuple(shaken[:1] + list(costs.networks[1:])))
    assert noisy.is_noisy
    assert "the machine was busy" in " ".join(length_text(noisy))


def test_table_and_csv_have_every_value(costs):
    heading, *rows = length_rows(costs)
    assert heading[:4] == ("Network", "Role", "Fewer FLOPs than softmax", "Faster than softmax")
    assert [row[:4] for row in rows][:3] == [
        ("mix", "front", "from 33", "from about 100"),
        ("soft", "all softmax", "–", "–"),
        ("lin", "all linear", "from 33", "from about 100"),
    ]
    assert all(len(row) == len(heading) == 4 + 4 + 4 for row in rows)
    lines = lengths_csv(costs).splitlines()
    assert len(lines) == 1 + 4 * 4
    flops, time = costs.networks[0].flops[0], 16**1.5 / 5
    assert lines[1] == f"mix,front,16,{flops!r},{0.9 * time!r},{time!r},{1.1 * time!r},CPU of a test"
    # not measured at the longest
    assert lines[4].endswith(",,,,")


def test_the_figure_has_a_curve_for_each_network_and_a_ring_for_each_crossing(make_data, costs):
    for width in (340, 1040):
        plot = draw_lengths(Summary(replace(make_data(10), section_data=(costs,))), width)
        flops, latency = plot.figure.axes
        # four curves, rings at 33 of two; the dotted line of the run's own length
        assert len(flops.lines) == 4 + 2 + 1
        assert len(latency.lines) == 4 + 2 + 1
        ring = next(line for line in flops.lines if line.get_markersize() == 13)
        assert ring.get_xdata()[0] == 33
        assert (flops.get_xscale(), flops.get_yscale()) == ("log", "log")
    assert draw_lengths(Summary(make_data(10)), 340) is None


def test_rings_lie_on_the_curves(make_data, costs):
    latency = draw_lengths(Summary(replace(make_data(10), section_data=(costs,))), 1040).figure.axes[1]
    rings = [line for line in latency.lines if line.get_markersize() == 13]
    for ring, at in zip(rings, (100, 100), strict=True):
        assert ring.get_xdata()[0] == pytest.approx(at)
        assert math.log(ring.get_ydata()[0]) == pytest.approx(math.log(200), abs=0.01)
