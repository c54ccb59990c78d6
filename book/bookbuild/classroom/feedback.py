"""Pages of feedback: one a student, and one for the teacher."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby

from bookbuild.classroom.exercises import Exercise
from bookbuild.classroom.verdicts import Graded, Mark

MOST_SAID = 3  # of what was said of an exercise, how many are listed
WORDS = {
    "pass": "Pass",
    "not yet": "Not yet",
    "missing": "Missing",
    "error": "Error",
}
STYLE = """\
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fff;
  --line: #c9ced6; --soft: #f3f4f6; --pass: #116329; --not-yet: #8a4b00;
  --missing: #57606a; --error: #b3261e; --link: #0a58b0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #16181d;
  --line: #474d57; --soft: #22262d; --pass: #6fd08c; --not-yet: #f0b35f;
  --missing: #b0b7c1; --error: #ff9c93; --link: #8ab8ff; } }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; }
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
a { color: var(--link); }
p, li { overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
.wide th, .wide td { white-space: nowrap; }
.wide td.note:not(:empty) { min-width: 14rem; white-space: normal; }
details { margin-bottom: 1rem; }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem;
  text-align: left; vertical-align: top; }
thead th { background: var(--soft); }
td.number { text-align: right; }
.pass { color: var(--pass); } .not-yet { color: var(--not-yet); }
.missing { color: var(--missing); } .error { color: var(--error); }
.mark { font-weight: 600; white-space: nowrap; }
article { border: 1px solid var(--line); border-radius: .4rem;
  margin: 1rem 0; padding: 0 1rem; }
pre { background: var(--soft); border-radius: .3rem; overflow: auto;
  max-height: 24rem; padding: .6rem; font-size: .875rem; }
summary { cursor: pointer; }
"""


def pages_of(
    graded: Sequence[Graded],
    exercises: Sequence[Exercise],
    holds: Mapping[str, bool],
) -> dict[str, str]:
    """Write the pages.

    Parameters
    ----------
    graded
        Sorted by student.
    exercises
        Of the book, in order.
    holds
        What was refused to answers on this system, by name.

    Returns
    -------
    dict
        File to HTML: ``index.html``, and a page in ``students/`` for each.
    """
    by_student = {
        student: list(each)
        for student, each in groupby(graded, lambda one: one.student)
    }
    files = _files_of(list(by_student))
    pages = {
        f"students/{files[student]}": student_page(student, each, exercises)
        for student, each in by_student.items()
    }
    pages["index.html"] = index_page(graded, exercises, holds, files)
    return pages


def _files_of(students: Sequence[str]) -> dict[str, str]:
    """Give each student a file whose name is safe, and no other's."""
    files: dict[str, str] = {}
    taken: set[str] = set()
    for student in students:
        safe = re.sub(r"[^\w.-]+", "-", student).strip(".-")[:60] or "student"
        name, n = safe, 1
        while name.lower() in taken:
            n += 1
            name = f"{safe}-{n}"
        taken.add(name.lower())
        files[student] = f"{name}.html"
    return files


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>
{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def student_page(
    student: str, graded: Sequence[Graded], exercises: Sequence[Exercise]
) -> str:
    """Write what one student reads: each exercise, and what was said of it."""
    of = {each.label: each for each in exercises}
    parts = [f"<h1>Feedback for {escape(student)}</h1>"]
    for one in graded:
        parts.append(f"<h2>{escape(one.notebook or 'No notebook')}</h2>")
        if one.note:
            parts.append(f"<p>Not graded: {escape(one.note)}.</p>")
        if one.marks:
            parts.append(
                f"<p>{one.total} of {len(one.marks)} exercises pass.</p>"
            )
        parts += [_article(mark, of[mark.exercise]) for mark in one.marks]
    return _page(f"Feedback for {student}", "\n".join(parts))


def _told(words: str) -> str:
    """Return what was said of an answer, with code between backticks."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(words))


def _badge(mark: Mark) -> str:
    kind = mark.status.replace(" ", "-")
    word = WORDS[mark.status]
    reason = f": {escape(mark.reason)}" if mark.reason else ""
    return f'<span class="mark {kind}">{word}{reason}</span>'


def _article(mark: Mark, exercise: Exercise) -> str:
    said = mark.said.removeprefix("Not yet: ")
    said = said[:1].upper() + said[1:]
    if said and not said.endswith((".", "?", "!")):
        said += "."
    lines = [
        "<article>",
        f"<h3>{exercise.number} {escape(exercise.title)}</h3>",
        f"<p>{_badge(mark)}</p>",
    ]
    if mark.status != "pass":
        lines.append(f"<p>{_told(said)}</p>")
    lines += [f"<p>{_told(note)}</p>" for note in mark.notes]
    if mark.answer:
        lines += [
            f"<details><summary>Your answer to {exercise.number}</summary>",
            f'<pre tabindex="0" role="region" aria-label="Answer to '
            f'{exercise.number}"><code>{escape(mark.answer)}</code></pre>',
            "</details>",
        ]
    return "\n".join([*lines, "</article>"])


def index_page(
    graded: Sequence[Graded],
    exercises: Sequence[Exercise],
    holds: Mapping[str, bool],
    files: Mapping[str, str],
) -> str:
    """Write what the teacher reads first.

    Parameters
    ----------
    graded, exercises, holds
        As in `pages_of`.
    files
        Student to the name of their page.
    """
    asked = {mark.exercise for one in graded for mark in one.marks}
    columns = [each for each in exercises if each.label in asked]
    parts = ["<h1>Grades</h1>", _count(graded)]
    parts += ["<h2>Who has what</h2>", _table(graded, columns, files)]
    if columns:
        parts += ["<h2>What went wrong most</h2>", *_mistakes(graded, columns)]
    parts += ["<h2>To look at</h2>", _to_look_at(graded, columns, files)]
    parts += ["<h2>What answers could not do</h2>", _limits(holds)]
    return _page("Grades", "\n".join(parts))


def _count(graded: Sequence[Graded]) -> str:
    students = len({one.student for one in graded})
    ungraded = sum(not one.marks for one in graded)
    said = (
        f"<p>{students} student{'s' * (students != 1)}, "
        f"{len(graded)} notebook{'s' * (len(graded) != 1)}"
    )
    if ungraded:
        said += f", {ungraded} of them not graded: the table says why"
    return (
        f'{said}. The same is in <a href="grades.csv">grades.csv</a> and, '
        'with answers, in <a href="grades.json">grades.json</a>.</p>'
    )


def _table(
    graded: Sequence[Graded],
    columns: Sequence[Exercise],
    files: Mapping[str, str],
) -> str:
    heads = ["student", "notebook", *(each.number for each in columns)]
    heads += ["total", "note"]
    rows = []
    for one in graded:
        marks = {mark.exercise: mark for mark in one.marks}
        cells = [
            f'<th scope="row"><a href="students/{files[one.student]}">'
            f"{escape(one.student)}</a></th>",
            f"<td>{escape(one.notebook)}</td>",
        ]
        for each in columns:
            mark = marks.get(each.label)
            cells.append(f"<td>{_badge(mark) if mark else ''}</td>")
        total = f"{one.total}/{len(one.marks)}" if one.marks else ""
        cells.append(f'<td class="number">{total}</td>')
        cells.append(f'<td class="note">{escape(one.note)}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        '<div class="wide" tabindex="0" role="region" aria-label="Grades">'
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + "\n</tbody></table></div>"
    )


def _mistakes(
    graded: Sequence[Graded], columns: Sequence[Exercise]
) -> list[str]:
    """Rank exercises by how many failed, and what was said most often."""
    marks = [mark for one in graded for mark in one.marks]
    ranked = []
    for each in columns:
        its = [mark for mark in marks if mark.exercise == each.label]
        failed = [mark for mark in its if mark.status != "pass"]
        ranked.append((len(failed), len(its), each, failed))
    ranked.sort(key=lambda row: -row[0])
    parts = []
    for n_failed, n, each, failed in ranked:
        if not n_failed:
            continue
        parts.append(
            f"<h3>{each.number} {escape(each.title)}: {n_failed} of {n}</h3>"
        )
        first: dict[str, str] = {}
        counts: Counter[str] = Counter()
        for mark in failed:
            # One mistake says other numbers of other answers.
            kind = re.sub(r"-?\d[\d.,]*", "#", mark.said)
            first.setdefault(kind, mark.said)
            counts[kind] += 1
        ordered = sorted(counts, key=lambda kind: (-counts[kind], kind))
        items = "".join(
            f"<li>{_times(counts[kind])}: {_told(first[kind])}</li>"
            for kind in ordered[:MOST_SAID]
        )
        parts.append(f"<ul>{items}</ul>")
    return parts or ["<p>Everything passes.</p>"]


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _to_look_at(
    graded: Sequence[Graded],
    columns: Sequence[Exercise],
    files: Mapping[str, str],
) -> str:
    number = {each.label: each.number for each in columns}
    items = [
        f'<li><a href="students/{files[one.student]}">{escape(one.student)}'
        f"</a>, {number[mark.exercise]}: {_badge(mark)}, uses "
        f"{escape(', '.join(mark.unusual))}</li>"
        for one in graded
        for mark in one.marks
        if mark.unusual
    ]
    if not items:
        return "<p>Nothing: no answer uses what no exercise needs.</p>"
    said = (
        "<p>An answer and its check run in one process. What a function gave "
        "is checked again without it; who hands in a model, and searches the "
        "memory of that process, could forge a pass. These answers use what "
        "no exercise needs; most do so in good faith.</p>"
    )
    return f"{said}<ul>{''.join(items)}</ul>"


def _limits(holds: Mapping[str, bool]) -> str:
    if not holds:
        return "<p>No answer was run.</p>"
    items = "".join(
        f"<li>{escape(name)}: {'limited' if held else 'NOT limited here'}</li>"
        for name, held in holds.items()
    )
    said = "<p>Tried on this system before the first answer ran:</p>"
    return f"{said}<ul>{items}</ul>"
