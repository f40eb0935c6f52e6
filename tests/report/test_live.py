"""The page of a search that goes on, in headless Chromium."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nas.report.data import ReportData
from nas.report.page import write_page

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright, of the extra dev")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the path (apt-get install chromium)")
def test_a_watched_page_loads_itself_again_where_it_was_until_it_is_paused(
    make_data: Callable[..., ReportData], tmp_path: Path
) -> None:
    path = write_page(replace(make_data(), refresh_seconds=3), tmp_path)
    first = path.read_text()
    finished = write_page(make_data(), tmp_path).read_text()
    path.write_text(first)
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        page.evaluate("window.scrollTo(0, 600)")
        page.wait_for_event("load")
        assert page.evaluate("window.scrollY") == 600
        # what was written meanwhile is shown
        path.write_text(first.replace("<h1>a small run</h1>", "<h1>grown</h1>"))
        page.wait_for_function("document.querySelector('h1').textContent === 'grown'")
        page.get_by_role("button", name="Pause").click()
        seen = len(requests)
        page.wait_for_timeout(3_500)
        assert len(requests) == seen
        assert set(requests) == {path.as_uri()}
        # a page that is finished stays
        path.write_text(finished)
        page.get_by_role("button", name="Reload").click()
        page.wait_for_function("document.querySelector('h1').textContent === 'a small run'")
        assert page.get_by_role("button", name="Pause").count() == 0
        browser.close()
