"""The report of a study, as a browser shows it."""

import pytest

from recslib import report, serve, study
from recslib.movielens import synthetic


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    done = study.examine(synthetic(60, 50, 1_000, seed=3).ratings)
    made = done.list_model
    table = serve.for_all(made.model, made.ratings, liked=done.liked.least)
    path = tmp_path_factory.mktemp("study") / "report.html"
    note = "a/long/name/without/a/blank/" * 9
    path.write_text(
        report.report(done, table, "ratings.csv", notes=[note]),
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1_280, 390, 320])
def test_a_report_opens_without_a_fault(browser, axe, path, width, scheme):
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(path.as_uri())
    wide = page.evaluate("document.documentElement.scrollWidth")
    found = axe(page)["violations"]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    context.close()
    assert found == []
    assert wide <= width
    assert asked == [path.as_uri()] and said == []
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
