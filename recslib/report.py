"""The report of a study: one page that needs no other file.

Its style is its own, for light and dark and for a narrow screen. Nothing in
it asks another place for anything, and every picture is told in words, too.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

import recslib
from recslib import overview, plots, style
from recslib.fitted import for_newcomer
from recslib.ratings import Ratings
from recslib.study import LISTS, Judgement, Study
from recslib.verdicts import Verdict, digits_of

# Inches, a chart: a phone shows letters of that picture as large as its own.
WIDTH, HEIGHT = 4.4, 2.3
_SVG_STYLE = {"svg.fonttype": "none", "font.size": 9}


def report(
    done: Study,
    table: pd.DataFrame,
    source: str,
    *,
    notes: Sequence[str] = (),
) -> str:
    """Write the report of a study.

    Parameters
    ----------
    done
        The study.
    table
        Lists for everybody, as of `recslib.fitted.for_all`.
    source
        What the report calls the ratings: the name of their file.
    notes
        What else was noticed about them, a sentence each.

    Returns
    -------
    str
        HTML.
    """
    title = f"What {source} bears"
    parts = [
        f"<h1>{_text(title)}</h1>",
        *(_verdict(each.verdict) for each in (done.stars, done.lists)),
        "<h2>What was read</h2>",
        _items(notes),
        _figure(done.ratings),
        _table(done.overview, header=False),
        "<h2>Who was tested on what</h2>",
        _paragraph(split_in_words(done)),
        "<h2>Ratings, predicted</h2>",
        _judged(done.stars, "lower is better"),
        _paragraph(star_model_in_words(done)),
        "<h2>Lists</h2>",
        _judged(done.lists, "higher is better"),
        _paragraph(list_model_in_words(done)),
        *_examples(done, table),
        f"<footer>Made by recslib {recslib.__version__}.</footer>",
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, '
        'initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>\n{_css()}</style>\n"
        f"</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


# In words --------------------------------------------------------------------


def split_in_words(done: Study) -> str:
    """Say who was tested on what."""
    split = done.split
    if split is None:
        return (
            f"Nobody was tested: there are only "
            f"{overview.counted(len(done.ratings), 'rating')}."
        )
    article = "a" if split.name.startswith("random") else "the"
    return (
        f"Tested was {article} {split.name}: {len(split.test):,} ratings. "
        f"{len(split.train):,} were learnt from, and choices were made on "
        f"{len(split.validation):,}, which were then learnt from, too."
    )


def measure_in_words(judgement: Judgement) -> str:
    """Say what a judgement measured, and in which unit."""
    unit = f" in {judgement.unit}" if judgement.unit else ""
    return f"{judgement.measure}{unit}"


def star_model_in_words(done: Study) -> str:
    """Say which model of ratings there is now, if there is one."""
    if done.star_model is None:
        return "No model of ratings was kept, for none is ahead of counting."
    settings = done.star_model.settings
    words = (
        f"The sampler with {settings['n_factors']} factors was fitted to all "
        f"ratings and kept."
    )
    if settings["is_log"]:
        words += " It learnt log(1 + amount), and its predictions turn back."
    return words


def list_model_in_words(done: Study) -> str:
    """Say what counts as a like, and what lists are made by."""
    kind = done.list_model.settings["kind"]
    made = f"Lists are made by {kind}, fitted to all ratings."
    if kind == "most liked":
        made = "Lists hold what most people liked and a person has not rated."
    n_left_out = done.ratings.n_items - done.list_model.ratings.n_items
    if n_left_out:
        made += (
            f" {n_left_out:,} items with the fewest likes are in no list: the "
            f"table of people by items would be too large."
        )
    return f"{done.liked.words} {made}"


# The picture -----------------------------------------------------------------


def picture(ratings: Ratings) -> Figure:
    """Draw what was read: a chart of ratings, of counts, and one of time.

    Parameters
    ----------
    ratings
        At least one.

    Returns
    -------
    matplotlib.figure.Figure
        Narrow, its charts in one column; without that of time where there
        are no dates.
    """
    with plt.rc_context():
        style.use_book_style()
        plt.rcParams.update(_SVG_STYLE)
        n_charts = 2 + _has_calendar(ratings)
        figure = Figure((WIDTH, HEIGHT * n_charts), layout="constrained")
        axes = figure.subplots(n_charts, squeeze=False)[:, 0]
        plots.stars_histogram(ratings, axes[0])
        for label in axes[0].texts:  # above the bars, which fill the width
            label.set(ha="center", va="bottom")
            label.xyann = (0, 2)
        counts = {
            "a person": ratings.counts_by_user(),
            "an item": ratings.counts_by_item(),
        }
        plots.counts_by_rank(counts, axes[1])
        if n_charts > 2:
            plots.ratings_by_week(ratings, axes[2])
    return figure


def picture_in_words(ratings: Ratings) -> str:
    """Say what `picture` shows, for who cannot see it."""
    told = overview.describe(ratings)
    told = dict(zip(told["what"], told["value"], strict=True))
    scale = f", on a scale from {told['scale']}" if "scale" in told else ""
    words = (
        f"How often each rating was given: the most frequent is "
        f"{told['most frequent']}{scale}. How many ratings people have: "
        f"{told['ratings a person']}. How many items have: "
        f"{told['ratings an item']}."
    )
    if _has_calendar(ratings):
        words += f" How many came in each week: {told['time']}."
    return words


def _has_calendar(ratings: Ratings) -> bool:
    return overview.has_dates(ratings) and overview.has_order(ratings)


def _figure(ratings: Ratings) -> str:
    file = io.StringIO()
    with plt.rc_context():
        style.use_book_style()
        plt.rcParams.update(_SVG_STYLE)
        picture(ratings).savefig(
            file, format="svg", transparent=True, metadata={"Date": None}
        )
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    view = re.search(r'viewBox="[^"]+"', svg)[0]
    spoken = _text(picture_in_words(ratings))
    svg = re.sub(
        r"<svg[^>]*>",
        lambda _: f'<svg role="img" aria-label="{spoken}" {view}>',
        svg,
        count=1,
    )
    for light in style.ON_DARK_PAGES:
        svg = re.sub(light, f"var({_name(light)})", svg, flags=re.IGNORECASE)
    return (
        f"<figure>{svg}<figcaption>How often each rating was given; how many "
        f"ratings the busiest person and the best known item have, the next, "
        f"and so on; and when they came, where that is known."
        f"</figcaption></figure>"
    )


# HTML ------------------------------------------------------------------------


def _name(colour: str) -> str:
    return f"--c{colour[1:].lower()}"


def _css() -> str:
    light = "".join(f"{_name(c)}: {c}; " for c in style.ON_DARK_PAGES)
    dark = "".join(
        f"{_name(c)}: {other}; " for c, other in style.ON_DARK_PAGES.items()
    )
    ground, ink, bar, quiet, rule = (
        f"var({_name(colour)})"
        for colour in (
            style.WHITE,
            style.BLACK,
            style.BLUE,
            style.GREY,
            style.GRID,
        )
    )
    return f"""\
:root {{ color-scheme: light dark; {light}}}
@media (prefers-color-scheme: dark) {{ :root {{ {dark}}} }}
body {{ background: {ground}; color: {ink}; margin: 0;
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }}
main {{ max-width: 40rem; margin: 0 auto; padding: 1rem; }}
.verdict {{ border-left: 0.3rem solid {bar}; padding-left: 1rem; }}
.verdict p {{ font-size: 1.15rem; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; padding: 0.2rem 1.2rem 0.2rem 0;
  border-bottom: 1px solid {rule}; vertical-align: top; }}
th {{ font-weight: 600; }}
thead th {{ overflow-wrap: normal; }}
tbody th {{ overflow-wrap: break-word; }}
figure {{ margin: 1.5rem 0; max-width: 34rem; }}
svg {{ display: block; width: 100%; height: auto; }}
svg text {{ fill: {ink}; }}
figcaption, footer {{ color: {quiet}; font-size: 0.9rem; }}
footer {{ margin-top: 3rem; }}
"""


def _text(words: object) -> str:
    # What no page may hold would end it half way.
    return html.escape(re.sub(r"[\x00-\x08\x0b-\x1f]", " ", str(words)))


def _paragraph(words: str) -> str:
    return f"<p>{_text(words)}</p>"


def _items(sentences: Sequence[str]) -> str:
    rows = "".join(f"<li>{_text(each)}</li>" for each in sentences)
    return f"<ul>{rows}</ul>" if rows else ""


def _verdict(verdict: Verdict) -> str:
    words = _paragraph(verdict.words)
    return f'<div class="verdict">{words}{_items(verdict.reasons)}</div>'


def _judged(judgement: Judgement, better: str) -> str:
    table = judgement.table
    if len(table) == 0:
        return _paragraph("There is nothing to compare: the verdict says why.")
    digits = 1 + digits_of(table["value"].iloc[-1])
    if judgement.measure == LISTS:
        digits = 4
    shown = pd.DataFrame(
        {
            "model": table["model"],
            "chosen": table["setting"],
            measure_in_words(judgement): [
                f"{value:.{digits}f}" for value in table["value"]
            ],
        }
    )
    words = f"{judgement.measure} on the test part; {better}."
    if judgement.settings.get("is_log"):
        words += (
            " Amounts are predicted and judged as log(1 + amount): else the "
            "few largest decide."
        )
    if judgement.interval is not None:
        gap = judgement.interval
        words += (
            f" Model minus counting: {gap.difference:+.{digits}f} (95 % "
            f"interval {gap.low:+.{digits}f} to {gap.high:+.{digits}f}), over "
            f"{overview.counted(judgement.n_people, 'person', 'people')}."
        )
    return _table(shown) + _paragraph(words)


def _examples(done: Study, table: pd.DataFrame) -> list[str]:
    """Show a list for a person of the data, and one for somebody new."""
    shown = []
    if len(table):
        user = table["user"].iloc[0]
        own = table[table["user"] == user]
        shown += [
            f"<h3>For person {_text(user)}</h3>",
            _table(own[["place", "title"]]),
        ]
    served = done.list_model.ratings
    known = int(served.counts_by_item().argmax())
    # Rounded to 32 bits, the highest may lie a little above the scale.
    best = min(served.ratings.max().item(), served.scale[1])
    stars = {served.item_ids[known : known + 1].tolist()[0]: best}
    new = for_newcomer(done.list_model, stars)
    if len(new):
        shown += [
            f"<h3>For somebody new, who gave {best:g} to "
            f"{_text(served.titles[known])}</h3>",
            _table(new[["place", "title"]]),
        ]
    return shown


def _table(frame: pd.DataFrame, header: bool = True) -> str:
    rows = []
    if header:
        cells = "".join(
            f'<th scope="col">{_text(name)}</th>' for name in frame
        )
        rows.append(f"<thead><tr>{cells}</tr></thead>")
    rows.append("<tbody>")
    for first, *others in frame.itertuples(index=False):
        cells = "".join(f"<td>{_text(each)}</td>" for each in others)
        rows.append(f'<tr><th scope="row">{_text(first)}</th>{cells}</tr>')
    rows.append("</tbody>")
    return f"<table>{''.join(rows)}</table>"
