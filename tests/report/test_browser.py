"""The page in headless Chromium: what is drawn, what answers to pointer and keys, what it asks for and how it reads."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from nas.report import wording
from nas.report.chart.records import chart_records
from nas.report.chart.values import Chart, front_along
from nas.report.compare.runs import write_several
from nas.report.summary import Summary
from nas.tasks.reference import Reference

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright, of the extra dev")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the path (apt-get install chromium)")

SCRIPTS = Path(__file__).parents[2] / "nas" / "report" / "html" / "script"
WIDE, TABLET, PHONE = 1200, 768, 360
SERIOUS = ("serious", "critical")
PUBLISHED = Reference("Somebody's network", 0.7, {"flops": 300.0}, "somewhere", "the same data")


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(make_data, translation, tmp_path_factory) -> dict[str, Path]:
    """A report of images, one of translation, and one of several runs of which two agree."""
    images = replace(make_data(), references=(PUBLISHED,))
    runs = {"images": images, "fewer images": make_data(20, retrain=2), "translation": translation}
    several = write_several(runs, tmp_path_factory.mktemp("reports"))
    return {"several": several} | {name: several.parent / name / several.name for name in ("images", "translation")}


@contextmanager
def opened(chromium, path, width=WIDE, **context):
    """The page after its script has run; nothing may go wrong in it, and nothing but the file may be asked for."""
    page = chromium.new_page(viewport={"width": width, "height": 900}, **context)
    complaints, requests = [], []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    yield page
    page.close()
    assert complaints == []
    assert requests == [path.as_uri()]


@pytest.mark.parametrize("name", ["images", "translation", "several"])
@pytest.mark.parametrize("width", [WIDE, TABLET, PHONE])
def test_figures_are_drawn_inside_the_page_at_any_width(chromium, pages, name, width):
    with opened(chromium, pages[name], width) as page:
        for figure in page.query_selector_all("figure.chart"):
            assert figure.get_attribute("data-drawn") == "yes"
            assert figure.query_selector_all("path.mark, path.dots, path.steps")
            box = figure.query_selector(".plot svg").bounding_box()
            assert box["width"] > 0.8 * min(width, WIDE) - 40
            outside = figure.evaluate(OUTSIDE)
            assert outside == []
        assert page.evaluate("document.documentElement.scrollWidth") == width


OUTSIDE = """figure => {
  const frame = figure.querySelector(".plot svg").getBoundingClientRect();
  return [...figure.querySelectorAll(".plot svg text")].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 2 || box.right > frame.right + 2 || box.bottom > frame.bottom + 2;
  }).map((text) => text.textContent);
}"""


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_names_in_the_figure_lie_on_no_other(chromium, pages, width):
    with opened(chromium, pages["images"], width) as page:
        boxes = page.evaluate(
            """[...document.querySelectorAll(".plot .label, .plot .tick, .plot .heading, .plot .title")].map((text) => {
                const box = text.getBoundingClientRect();
                return [box.left, box.top, box.right, box.bottom, text.textContent];
            })"""
        )
        overlaps = [
            (a[4], b[4])
            for place, a in enumerate(boxes)
            for b in boxes[:place]
            if min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 3
        ]
        assert overlaps == []
        assert "Somebody's network" in [box[4] for box in boxes] or width == PHONE


def place_of_pin(page):
    """Where the first pinned network is on the screen, by its ring in the figure."""
    page.locator(".plot").scroll_into_view_if_needed()
    box = page.query_selector(".plot .ring").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_pointing_tells_of_a_network_and_a_click_pins_it_for_comparison(chromium, pages, make_data):
    summary = Summary(make_data())
    best = summary.recommended
    with opened(chromium, pages["images"]) as page:
        assert page.text_content(".pins thead").count(best.id) == 1
        x, y = place_of_pin(page)
        page.mouse.move(x, y)
        told = page.text_content(".tip")
        assert best.id in told
        assert wording.quality(summary.data.searched, best.inherited) in told
        assert wording.spread(summary.data.tested, best.arms["scratch"]) in told
        page.mouse.click(x, y)
        assert not page.is_visible(".pins")
        page.mouse.click(x, y)
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        assert page.text_content(".pins caption") == "Pinned in the figure: 2 of at most 4"
        assert len(page.query_selector_all(".pins thead th")) == 2
        page.click(f'.unpin[aria-label="Unpin {best.id}"]')
        assert best.id not in page.text_content(".pins thead")
        page.mouse.move(2, 2)
        assert not page.is_visible(".tip")


def test_keys_step_by_cost_and_are_read_aloud(chromium, pages, make_data):
    costs = {network.id: network.costs["flops"] for network in Summary(make_data()).networks.values()}
    with opened(chromium, pages["images"]) as page:
        page.focus(".plot")
        page.keyboard.press("Home")
        heard = []
        for _ in range(12):
            heard.append(page.text_content(".said"))
            page.keyboard.press("ArrowRight")
        stepped = [costs[re.match(r"\w+", sentence).group()] for sentence in heard]
        assert stepped == sorted(stepped)
        assert len(set(heard)) == 12
        assert all("inherited" in sentence or "scratch" in sentence for sentence in heard)
        page.keyboard.press("Escape")
        assert not page.is_visible(".tip")


def test_entries_of_the_legend_switch_what_is_shown(chromium, pages):
    with opened(chromium, pages["images"]) as page:
        entries = page.query_selector_all(".entry")
        assert len(entries) >= 7
        everything = page.inner_html(".plot svg")
        for entry in entries:
            entry.click()
            assert entry.get_attribute("aria-pressed") == "false"
        assert "Nothing to draw" in page.text_content(".plot svg")
        for entry in entries:
            entry.focus()
            page.keyboard.press("Space")
            assert entry.get_attribute("aria-pressed") == "true"
        page.evaluate("document.activeElement.blur()")
        assert page.inner_html(".plot svg") == everything


def test_the_axis_is_any_cost_and_the_fronts_are_those_of_the_cost(chromium, pages, make_data):
    chart = Chart({"a": Summary(make_data())})
    with opened(chromium, pages["images"]) as page:
        for place, axis in enumerate(chart.axes):
            page.select_option(".axis select", str(place))
            assert axis["a"].title in " ".join(page.locator(".plot .title").all_text_contents())
            knots = page.get_attribute(".plot .knots:not(.found)", "d").count("M")
            assert knots == len(front_along(chart.first, axis["a"]).inherited)


def test_without_scripts_the_figure_is_the_file_beside_the_page(chromium, pages):
    context = chromium.new_context(java_script_enabled=False, viewport={"width": PHONE, "height": 900})
    page = context.new_page()
    page.goto(pages["images"].as_uri())
    # as wide as a phone and as high as a drawn figure of that width, not the text in place of a missing one
    box = page.locator("noscript img").bounding_box()
    assert 0.4 * box["width"] < box["height"] < box["width"] <= PHONE
    assert not page.is_visible(".plot svg")
    context.close()


def test_two_qualities_have_axes_of_their_own(chromium, pages):
    with opened(chromium, pages["translation"]) as page:
        headings = page.locator(".plot .heading").all_text_contents()
        assert headings == ["Inherited log-likelihood (nats per token)", "BLEU after retraining"]


def test_numbers_are_written_as_in_the_tables(chromium):
    values = [
        0,
        0.5,
        1,
        7,
        9.999,
        12.25,
        43.5,
        4.35,
        99.95,
        100.5,
        101.5,
        999,
        1000,
        1234,
        12_250_000,
        100_500_000,
        2.5e12,
    ]
    script = (SCRIPTS / "numbers.js").read_text()
    page = chromium.new_page()
    written = page.evaluate(f"(() => {{ {script}; return {json.dumps(values)}.map(amount); }})()")
    page.close()
    assert written == [wording.amount(value) for value in values]


def test_fronts_in_the_page_are_those_of_the_tables(make_data):
    summary = Summary(make_data())
    records = chart_records(Chart({"a": summary}))
    front = records["runs"][0]["fronts"][0][0]
    assert [records["networks"][place][0] for place in front] == [network.id for network in summary.front]


@pytest.mark.parametrize("name", ["images", "translation", "several"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_any_reader(chromium, pages, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with opened(chromium, pages[name], color_scheme=scheme) as page:
        page.focus(".plot")
        found = axe.run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in SERIOUS] == []


def luminance(colour):
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2


def test_figures_follow_the_dark_theme_and_paper_is_light(chromium, pages):
    ink = "getComputedStyle(document.querySelector('.plot .heading')).fill"
    ground = "getComputedStyle(document.querySelector('figure.chart')).backgroundColor"
    still = "getComputedStyle(document.querySelector('#figure-progress text')).fill"
    with opened(chromium, pages["images"], color_scheme="dark") as page:
        assert luminance(page.evaluate(ink)) > 0.7
        assert luminance(page.evaluate(still)) > 0.3
        assert luminance(page.evaluate(ground)) < 0.05
        page.emulate_media(media="print", color_scheme="dark")
        assert luminance(page.evaluate(ink)) < 0.05
        assert luminance(page.evaluate(ground)) > 0.9


@pytest.mark.parametrize("name", ["images", "translation", "several"])
def test_tables_fit_on_paper(chromium, pages, name):
    # A4 with margins of 10 mm
    with opened(chromium, pages[name], width=718) as page:
        page.emulate_media(media="print")
        clipped = page.evaluate(
            """[...document.querySelectorAll(".scroll")].filter((box) => box.scrollWidth > box.clientWidth + 1)
                .map((box) => box.getAttribute("aria-label") || box.getAttribute("aria-labelledby"))"""
        )
        assert clipped == []
        assert len(page.pdf(format="A4")) > 20_000


@pytest.mark.slow
def test_a_thousand_trials_of_several_runs_are_drawn_before_the_page_has_loaded_and_weigh_three_megabytes(
    chromium, make_large, tmp_path
):
    runs = {f"large-{seed}": make_large(seed) for seed in range(4)}
    for path in (write_several(runs, tmp_path), tmp_path / "large-0" / "index.html"):
        assert path.stat().st_size < 3_000_000
        with opened(chromium, path) as page:
            # the script draws before the page has loaded
            assert page.get_attribute("figure.chart", "data-drawn") == "yes"
            # a page of so many opens in a second or two
            assert page.evaluate("document.querySelectorAll('*').length") < 8_000
