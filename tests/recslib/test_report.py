import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from drawing_lots import with_values

from recslib import fitted, report, study
from recslib.movielens import synthetic


def page_of(done, source="ratings.csv", **options):
    table = fitted.for_all(done.list_model, 3)
    return report.report(done, table, source, **options)


@pytest.fixture(scope="module")
def done():
    """Examine a few ratings with times, one title of which is no HTML."""
    ratings = synthetic(60, 50, 1_000, seed=3).ratings
    titles = ("<b>Emma & Co</b>\x0c", *ratings.titles[1:])
    return study.examine(replace(ratings, titles=titles))


class Page(HTMLParser):
    """Collects what a page opens, closes and asks other places for."""

    ALONE = ("meta", "rect", "path", "use")

    def __init__(self, text):
        super().__init__()
        self.open, self.asked, self.pictures, self.ids = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.asked += [known[k] for k in ("src", "href") if k in known]
        self.ids += [known["id"]] if "id" in known else []
        if known.get("role") == "img":
            self.pictures.append(known["aria-label"])
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_report_is_one_whole_page_that_asks_for_nothing(done):
    text = page_of(done)
    page = Page(text)
    assert page.open == []
    assert [each for each in page.asked if not each.startswith("#")] == []
    assert not re.search(r"url\((?!#)", text)
    assert "<script" not in text and "@import" not in text
    assert len(page.ids) == len(set(page.ids))


def test_its_picture_is_told_in_words_and_takes_the_colours_of_the_page(done):
    text = page_of(done)
    (spoken,) = Page(text).pictures
    assert "most frequent is" in spoken and "each week" in spoken
    drawing = text[text.index("<svg") : text.index("</svg>")]
    assert "var(--c0072b2)" in drawing
    assert not re.search("#0072b2|#505050|#d55e00", drawing, re.IGNORECASE)
    assert "prefers-color-scheme: dark" in text


def test_the_report_has_the_verdicts_and_the_numbers_of_the_study(done):
    text = page_of(done)
    for judgement in (done.stars, done.lists):
        assert report._text(judgement.verdict.words) in text
        for value in judgement.table["value"]:
            assert f"<td>{value:.4f}</td>" in text
    assert '<th scope="col">RMSE in stars</th>' in text
    assert '<th scope="col">nDCG@10</th>' in text


def test_a_highest_rating_that_32_bits_round_up_is_still_on_the_scale():
    values = np.append(np.arange(29) % 10 + 0.1, 10.1)
    assert float(np.float32(10.1)) > 10.1
    found = study.examine(with_values(values, n=30))
    assert "who gave 10.1 to" in page_of(found)


def test_names_from_the_file_are_text(done):
    text = page_of(done, "rat<i>ngs.csv", notes=["a <b>remark</b>"])
    assert "What rat&lt;i&gt;ngs.csv bears" in text
    assert "a &lt;b&gt;remark&lt;/b&gt;" in text
    assert "<i>" not in text and "<b>" not in text and "\x0c" not in text


def test_the_same_study_has_the_same_page(done):
    assert page_of(done) == page_of(done)


@pytest.mark.parametrize(
    "values",
    [
        np.full(100, 1.0),
        np.arange(100) % 2,
        np.linspace(-10, 10, 100),
        np.exp(np.arange(100) / 12),
    ],
)
def test_any_scale_has_a_picture(values):
    ratings = with_values(values.astype(float), n=100)
    figure = report.picture(ratings)
    assert len(figure.axes) == 2  # there are no times
    drawn = sum(bar.get_height() for bar in figure.axes[0].patches)
    assert drawn == 100
    assert "each week" not in report.picture_in_words(ratings)


def test_a_scale_is_told_where_ratings_differ():
    differ = with_values(np.arange(100) % 5 + 1, n=100)
    assert "20 %, on a scale from 1 to 5." in report.picture_in_words(differ)
    alike = with_values(np.ones(100), n=100)
    assert "is 1, 100 %. How" in report.picture_in_words(alike)


def test_times_that_are_no_dates_have_no_chart():
    ratings = with_values(np.arange(100) % 5 + 1, n=100)
    late = replace(ratings, timestamps=torch.arange(100) + 10**10)
    assert len(report.picture(late).axes) == 2
    dated = replace(ratings, timestamps=torch.arange(100) * 86_400)
    assert len(report.picture(dated).axes) == 3
