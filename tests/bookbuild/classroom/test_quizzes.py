"""The quizzes are complete, say what the run says, and tell what is amiss."""

import re
from pathlib import Path

import pytest
import yaml
from nbformat import v4

from bookbuild import BuildError, chapters, places
from bookbuild.chapters import Chapter, Computed
from bookbuild.classroom import quizzes
from bookbuild.classroom.goals import goals_of
from bookbuild.marks import MARKED

MANY_DECIMALS = re.compile(r"\d\.\d{3,}")


def a_chapter(**values):
    """A notebook with two goals and two headings."""
    notebook = v4.new_notebook(
        cells=[
            v4.new_markdown_cell(
                "# A\n\nWhen you are through, you can\n\n- look up\n  a row;\n"
                "- say what an [RMSE](../book/glossary.md#rmse) is worth.\n\n"
                "It takes long."
            ),
            v4.new_markdown_cell("## Rows\n\n### Worth"),
        ]
    )
    computed = {k: Computed(v, "trained", "Rows") for k, v in values.items()}
    return Chapter(
        *("01_a", notebook, computed, "A", "What?", "About.", None, None)
    )


GOOD = """
- id: q-1-rows
  title: Rows
  section: Rows
  goal: look up a row
  holds:
    - key: rmse
      at_most: 1
  given: The error is 0<!--rmse:.3f-->.
  ask: Which?
  options:
    - text: 'at 0<!--rmse:.2f--> stars'
      right: true
      why: This is what the model has.
    - text: the second
      why: One may think so, and it is not.
    - text: the third
      why: One may think so, and it is not.
"""


def read(text, **values):
    values = values or {"rmse": 0.9033}
    chapter = a_chapter(**values)
    return quizzes.quiz_of(text, chapter, {chapter.name: values})


@pytest.fixture(scope="module")
def book():
    return chapters.committed()


@pytest.fixture(scope="module")
def all_quizzes(book):
    return quizzes.read_quizzes(book)


def test_the_goals_of_a_notebook_are_plain_lines():
    assert goals_of(a_chapter().notebook) == [
        "look up a row",
        "say what an RMSE is worth",
    ]


def test_a_question_has_the_numbers_of_the_run():
    (question,) = read(GOOD).questions
    assert question.given == "The error is 0.903."
    assert "at 0.90 stars" in [option.text for option in question.options]


def test_a_digit_that_moves_does_not_move_the_options():
    def order(rmse):
        (question,) = read(GOOD, rmse=rmse).questions
        return [option.right for option in question.options]

    assert len({tuple(order(number / 100)) for number in range(100)}) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("section: Rows", "section: Columns", "has no heading 'Columns'"),
        ("a row\n", "a column\n", "word by word: look up a row; say what an"),
        ("      right: true\n", "", "give one `right: true`"),
        ("the third", "the second", "two of its options are the same"),
        ("<!--rmse:.3f-->", "<!--mae:.3f-->", "no such value"),
        ("<!--rmse:.3f-->", "<!--RMSE-->", "would never be renewed"),
        ("at_most: 1", "at_most: 0.5", "rmse is 0.9033, at most 0.5"),
        ("key: rmse", "key: mae", "its `holds` names 'mae'"),
        ("ask: Which?", "ask: '[Which](../a.md)?'", "leads nowhere"),
        ("ask: Which?", "ask: 4", "ask: 4 is not of type 'string'"),
        ("ask: Which?", "ask: a\n  hint: b", "'hint' was unexpected"),
        ("  ask: Which?\n", "", "'ask' is a required property"),
        ("the third\n      why: One", "the third\n      wy: One", "options 3"),
        ("q-1-rows", "Rows", "the question 'Rows', id"),
        ("ask: Which?", "ask: a: b", "it is no YAML"),
        ("title: Rows", 'title: "a\\n\\nb"', "no empty line"),
    ],
)
def test_what_is_amiss_is_said_with_the_question_and_a_way_out(old, new, said):
    assert old in GOOD
    with pytest.raises(BuildError) as told:
        read(GOOD.replace(old, new))
    assert said in str(told.value)


def test_every_option_right_leaves_nothing_to_choose():
    text = GOOD.replace("      why:", "      right: true\n      why:")
    text = text.replace("right: true\n      right: true", "right: true")
    with pytest.raises(BuildError, match="nothing to choose"):
        read(text)


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """A repository with nothing in it; returns what writes a quiz."""
    monkeypatch.setattr(places, "ROOT", tmp_path)

    def write(name, text=GOOD):
        path = tmp_path / quizzes.QUIZZES / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return write


def test_the_file_is_named_with_what_is_amiss(elsewhere):
    elsewhere("01_a", GOOD.replace("the third", "the second"))
    with pytest.raises(BuildError) as told:
        quizzes.read_quizzes([a_chapter(rmse=0.9)])
    assert str(told.value).startswith(
        "book/classroom/quizzes/01_a.yml: the question 'q-1-rows': two of"
    )


def test_a_quiz_without_a_notebook_is_refused(elsewhere):
    elsewhere("02_b")
    with pytest.raises(BuildError, match=r"no notebook 02_b.*01_a"):
        quizzes.read_quizzes([a_chapter(rmse=0.9)])


def test_an_id_is_taken_once(elsewhere):
    elsewhere("01_a", GOOD + GOOD)
    with pytest.raises(BuildError, match="'q-1-rows' has an id that"):
        quizzes.read_quizzes([a_chapter(rmse=0.9)])


def test_contents_and_quizzes_are_the_same(elsewhere):
    elsewhere("01_a")
    page = "book/classroom/quizzes/quiz-01_a"
    quizzes.check_contents([page, "book/classroom/quizzes"])
    with pytest.raises(BuildError, match=f"Add the line `- file: {page}`"):
        quizzes.check_contents(["book/classroom/quizzes"])
    with pytest.raises(BuildError, match="no such quiz"):
        quizzes.check_contents([page, "book/classroom/quizzes/quiz-02_b"])


def test_a_quiz_has_eight_questions_and_one_for_each_goal(all_quizzes, book):
    assert all_quizzes
    goals = {c.name: goals_of(c.notebook) for c in book}
    for quiz in all_quizzes:
        assert len(quiz.questions) >= 8, quiz.name
        asked = {question.goal for question in quiz.questions}
        assert set(goals[quiz.name]) == asked, quiz.name


def test_the_right_answer_is_anywhere(all_quizzes):
    for quiz in all_quizzes:
        places_of = [q.right[0] for q in quiz.questions if not q.several]
        assert len(set(places_of)) >= 3, quiz.name
        most = max(map(places_of.count, places_of))
        assert most <= len(places_of) / 2, quiz.name


def test_the_right_answer_is_not_known_by_its_length(all_quizzes):
    for quiz in all_quizzes:
        longest = [
            max(question.options, key=lambda option: len(option.text)).right
            for question in quiz.questions
        ]
        assert sum(longest) <= 0.6 * len(longest), quiz.name


@pytest.mark.parametrize("path", quizzes.sources(), ids=lambda p: p.stem)
def test_no_result_is_typed_by_hand(path: Path, book):
    questions = yaml.safe_load(path.read_text(encoding="utf-8"))
    for question in questions:
        question.pop("holds", None)  # limits, and no results
    bare = MARKED.sub("", yaml.safe_dump(questions, allow_unicode=True))
    values = [
        value
        for chapter in book
        for value in chapter.values.values()
        if isinstance(value, float)
    ]
    for number in MANY_DECIMALS.findall(bare):
        decimals = len(number.partition(".")[2])
        written = {f"{abs(value):.{decimals}f}" for value in values}
        assert number not in written, number


@pytest.mark.parametrize("path", quizzes.sources(), ids=lambda p: p.stem)
def test_every_number_in_a_source_is_current(path: Path, book):
    text = path.read_text(encoding="utf-8")
    assert yaml.safe_load(text)
    values = {chapter.name: chapter.values for chapter in book}
    for match in MARKED.finditer(text):
        source = (match["source"] or path.stem).rstrip("/")
        value = values[source][match["key"]]
        assert match["text"] == format(value, match["form"])
