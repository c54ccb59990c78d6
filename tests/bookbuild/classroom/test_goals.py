"""Every exercise stands below a goal of its chapter, or beyond them."""

from types import SimpleNamespace

import pytest
import yaml
from nbformat import v4

from bookbuild import BuildError, chapters
from bookbuild.classroom import goals
from bookbuild.classroom.exercises import exercises_in

NAMES = [path.stem for path in chapters.paths()]
TITLE = """\
# A chapter

When you are through, you can

- say what an [RMSE](../book/glossary.md#rmse) is
  worth;
- test *all* of it.

More words.

- no goal
"""


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_of_the_book_stands_in_one_place(name, book):
    found = goals.assessed(name, book[name])
    named = [e.label for es in found.goals.values() for e in es]
    named += [e.label for e in found.beyond]
    asked = [e.label for e in exercises_in(book[name])]
    assert sorted(named) == sorted(asked)
    if asked:  # a template asks nothing
        assert list(found.goals) == goals.goals_of(book[name])
        assert len(found.goals) >= 5


def test_goals_are_read_without_links_and_line_breaks():
    chapter = v4.new_notebook(cells=[v4.new_markdown_cell(TITLE)])
    assert goals.goals_of(chapter) == [
        "say what an RMSE is worth",
        "test *all* of it",
    ]


def test_a_notebook_without_goals_has_none():
    chapter = v4.new_notebook(cells=[v4.new_markdown_cell("# A title")])
    assert goals.goals_of(chapter) == []
    assert goals.assessed("09_none", chapter) == goals.Assessed({}, [])


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Say what is wrong with an entry for a chapter of two exercises."""
    monkeypatch.setattr(goals, "PATH", tmp_path / "goals.yml")
    exercises = [SimpleNamespace(label=f"ex-9-{name}") for name in "ab"]
    monkeypatch.setattr(goals, "exercises_in", lambda _: exercises)
    chapter = v4.new_notebook(cells=[v4.new_markdown_cell(TITLE)])

    def told(*entries, name="09_x"):
        text = yaml.safe_dump({name: list(entries)})
        goals.PATH.write_text(text, encoding="utf-8")
        with pytest.raises(BuildError) as problem:
            goals.assessed("09_x", chapter)
        return str(problem.value)

    return told


WORTH = {"goal": "say what an RMSE is worth", "exercises": ["ex-9-a"]}
ALL = {"goal": "test *all* of it", "exercises": ["ex-9-b"]}


def test_what_is_missing_unknown_or_twice_is_named(told):
    assert "has no list for 09_x" in told(WORTH, ALL, name="08_y")
    assert "Missing are ['test *all* of it']" in told(WORTH)
    other = ALL | {"goal": "test it"}
    assert "no goals are ['test it']" in told(WORTH, other)
    assert "in this order" in told(ALL, WORTH)
    assert "Missing are ['ex-9-b']" in told(WORTH, ALL | {"exercises": []})
    lost = ALL | {"exercises": ["ex-9-b", "ex-9-c"]}
    assert "no such exercises are ['ex-9-c']" in told(WORTH, lost)
    assert "named twice are ['ex-9-a']" in told(
        WORTH, ALL, {"beyond": ["ex-9-a"]}
    )


def test_an_entry_of_another_form_is_named(told):
    assert "09_x, entry 2 is 'ex-9-b'" in told(WORTH, "ex-9-b")
    assert "entry 1 is {'goal'" in told({"goal": "x"}, ALL)
    assert "'ex-9-a' is no list" in told(WORTH | {"exercises": "ex-9-a"}, ALL)
