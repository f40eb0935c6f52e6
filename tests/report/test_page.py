import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from matplotlib.image import imread

from nas.report.data import ReportData
from nas.report.page import write_page
from nas.report.summary import Summary
from nas.strategies.base import Trial

VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass(frozen=True)
class Convolutional:
    channels: tuple[int, ...]
    kernel_size: int


class Page(HTMLParser):
    """Checks that elements nest, and keeps ids, references and the names of the elements."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.references, self.names, self.text = [], [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.references += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action", "poster")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def written(make_data, tmp_path_factory):
    data = make_data()
    return data, write_page(data, tmp_path_factory.mktemp("run") / "report")


def test_page_is_well_formed_with_unique_ids_and_no_dangling_references(written):
    page = Page(written[1].read_text())
    assert len(set(page.ids)) == len(page.ids)
    inside = {reference[1:] for reference in page.references if reference.startswith("#")}
    assert inside <= set(page.ids)
    assert page.names.count("h1") == 1
    assert page.names.count("h2") == 6


def test_page_asks_nothing_of_a_network(written):
    text = written[1].read_text()
    page = Page(text)
    files = {reference for reference in page.references if not reference.startswith("#")}
    assert files <= {path.name for path in written[1].parent.iterdir()}
    loaded = re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert not re.search(r"https?://|@import|url\((?!#)|fetch\(|XMLHttpRequest|<link|<iframe", loaded)


def test_page_names_every_network_of_the_front_and_its_numbers(written):
    data, path = written
    text = "".join(Page(path.read_text()).text)
    for network in [*Summary(data).front, *Summary(data).homogeneous]:
        assert network.id in text
        assert f"{100 * network.inherited:.2f}" in text
    assert "One multiply-add is one FLOP, batch 1, at 16 tokens" in text
    assert "nas run experiments/digits.py" in text


def test_folder_holds_page_figures_and_tables_and_nothing_unfinished(written):
    folder = written[1].parent
    names = ("front", "attention", "fidelity", "rankers", "progress")
    figures = {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    tables = {f"{name}.{kind}" for name in ("front", "budgets", "rankers") for kind in ("csv", "md", "tex")}
    tables |= {"trials.csv", "retrained.csv", "manifest.json"}
    assert {path.name for path in folder.iterdir()} == {"index.html"} | figures | tables


def test_figures_stand_alone(written):
    for path in written[1].parent.glob("*.svg"):
        root = ElementTree.parse(path).getroot()
        assert root.tag.endswith("svg")
        assert "var(--" not in path.read_text()
    for path in written[1].parent.glob("*.png"):
        pixels = imread(path)
        assert pixels.std() > 0


def test_the_same_run_gives_the_same_page(written, tmp_path):
    data, path = written
    assert write_page(data, tmp_path / "again").read_bytes() == path.read_bytes()


def test_names_are_text_and_not_markup(make_data, tmp_path):
    hostile = '<script>alert("x")</script> & $x_1$'
    provenance = {"commands": [hostile], hostile: hostile}
    data = replace(make_data(), name=hostile, experiment_doc=hostile, setting=hostile, provenance=provenance)
    text = write_page(data, tmp_path).read_text()
    assert "<script>alert" not in text
    assert hostile in "".join(Page(text).text)


def test_a_thousand_trials_weigh_less_than_three_megabytes(make_data, tmp_path):
    path = write_page(make_data(count=1000), tmp_path)
    assert path.stat().st_size < 3_000_000


def no_trials(data):
    return replace(data, trials=(), retrained=(), provenance={}, limits={})


def one_trial(data):
    return replace(data, trials=data.trials[:1], retrained=())


def nothing_retrained(data):
    return replace(data, retrained=())


def nothing_inside_the_limits(data):
    over = tuple(replace(trial, quality=None, violation=1.0) for trial in data.trials)
    return replace(data, trials=over, retrained=())


def retrained_only(data):
    return replace(data, trials=(), retrained=data.retrained[:1])


def one_retrained(data):
    return replace(data, retrained=data.retrained[:1])


def another_family(data):
    trials = tuple(
        Trial(n, Convolutional((8 * n, 16), 3), {"flops": 100.0 + n, "parameters": 5.0}, 0.5 + n / 100, 0.0, 1.0)
        for n in range(4)
    )
    return replace(data, trials=trials, retrained=(), quality_name="negative_loss", quality_unit="nats")


STATES = {
    no_trials: "the search has not begun",
    one_trial: "Nothing has been retrained",
    nothing_retrained: "Nothing has been retrained",
    nothing_inside_the_limits: "none was evaluated",
    retrained_only: "Not known yet",
    one_retrained: "at least three networks",
    another_family: "no layers with an attention kind",
}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_an_unfinished_run_says_what_is_missing(state, make_data, tmp_path):
    data: ReportData = state(make_data())
    page = Page(write_page(data, tmp_path).read_text())
    assert STATES[state] in "".join(page.text)
    assert page.names.count("h2") == 6
