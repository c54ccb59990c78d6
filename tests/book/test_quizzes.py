"""The quizzes in the book: with a script and without, and on paper."""

import pytest

from bookbuild import chapters
from bookbuild.classroom import exports, quizzes

FOLDER = "book/classroom/quizzes"
ONE, SEVERAL = "q-0-column", "q-0-clear"
PAGE = f"{FOLDER}/quiz-00_pytorch_in_twenty_minutes.html"


@pytest.fixture(scope="module")
def asked():
    """The quizzes, with the numbers of the run that made the book."""
    return quizzes.read_quizzes(chapters.executed())


@pytest.fixture(scope="module")
def question(asked):
    """Each question, by its id."""
    return {each.id: each for quiz in asked for each in quiz.questions}


@pytest.fixture(scope="module")
def contexts(browser):
    """A browser that runs scripts, and one that does not."""
    made = {
        scripts: browser.new_context(
            viewport={"width": 390, "height": 900},
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        for scripts in (True, False)
    }
    yield made
    for context in made.values():
        context.close()


@pytest.fixture
def opened(contexts, book_address):
    """Open the page anew, with scripts or without."""
    pages = []

    def open_it(scripts=True):
        page = contexts[scripts].new_page()
        page.goto(f"{book_address}/{PAGE}", wait_until="load")
        pages.append(page)
        return page

    yield open_it
    for page in pages:
        page.close()


def choose(page, name, letter):
    """Choose an option by the keyboard."""
    page.locator(f"#{name}-{letter.lower()}").focus()
    page.keyboard.press("Space")


def wrong_one(question):
    """The letter of the first wrong option."""
    return next(k for k, each in question.lettered if not each.right)


def test_every_question_is_on_its_page_as_it_is_written(pages, asked):
    by_name = {path.as_posix(): page for path, page in pages.items()}
    for quiz in asked:
        page = by_name[f"{FOLDER}/{quizzes.PAGE.format(quiz.name)}.html"]
        forms = page.select("form.quiz")
        assert [form["id"] for form in forms] == [
            each.id for each in quiz.questions
        ]
        for form, each in zip(forms, quiz.questions, strict=True):
            choices = form.select("fieldset > .quiz-choice")
            kind = "checkbox" if each.several else "radio"
            assert len(choices) == len(each.options)
            for choice, (letter, option) in zip(
                choices, each.lettered, strict=True
            ):
                button = choice.select_one("input")
                assert button["type"] == kind
                label = choice.select_one("label")
                assert label["for"] == button["id"]
                assert label.get_text().startswith(letter)
                assert (choice["data-right"] == "true") == option.right
                said = choice.select_one("details").get_text(" ", strip=True)
                verdict = "Yes." if option.right else "No."
                assert said.startswith(f"Is {letter} right? {verdict}")


def test_the_page_offers_the_files_that_are_written(
    html_folder, pages, asked, tmp_path
):
    written = exports.write_quizzes(tmp_path, chapters.executed())
    offered = {}
    for path, page in pages.items():
        if path.parent.as_posix() == FOLDER:
            for link in page.select("a.download"):
                file = html_folder / path.parent / link["href"]
                offered[file.name] = file.read_bytes()
    assert offered == {path.name: path.read_bytes() for path in written}


def test_without_a_script_an_option_says_by_itself_whether_it_is_right(
    opened, question
):
    page = opened(scripts=False)
    assert page.locator(".quiz-check").count() == 0
    for letter, option in question[ONE].lettered:
        choose(page, ONE, letter)
        box = page.locator(f"#{ONE} .quiz-choice").filter(
            has=page.locator(f"#{ONE}-{letter.lower()}")
        )
        assert box.locator("input").is_checked()
        text = box.locator("details > p").first
        assert not text.is_visible()
        box.locator("summary").focus()
        page.keyboard.press("Enter")
        assert text.is_visible()
        said = "Yes." if option.right else "No."
        assert text.inner_text().startswith(said)


def test_a_form_without_a_script_is_never_sent(opened, question):
    page = opened(scripts=False)
    choose(page, ONE, "A")
    page.keyboard.press("Enter")
    assert page.url.endswith(PAGE)
    assert page.locator(f"#{ONE}-a").is_checked()


def test_with_a_script_one_decides_before_one_reads(opened, question):
    page = opened()
    form = page.locator(f"#{ONE}")
    assert form.locator("details:visible").count() == 0
    form.get_by_role("button", name="Check").click()
    status = form.get_by_role("status")
    assert status.inner_text().strip() == "Choose an answer first."
    assert form.locator("details:visible").count() == 0


def test_a_wrong_choice_is_marked_and_explained(opened, question):
    page = opened()
    form, status = page.locator(f"#{ONE}"), page.locator(f"#{ONE} .quiz-said")
    letter = wrong_one(question[ONE])
    assert status.get_attribute("role") == "status"
    choose(page, ONE, letter)
    page.keyboard.press("Enter")
    text = status.inner_text()
    assert text.startswith(f"Not yet: {letter} is wrong.")
    assert f"{letter}: No." in text  # heard, not only seen
    marked = form.locator("[data-marked]")
    assert marked.get_attribute("data-marked") == "wrong"
    assert marked.locator("details[open] > p").first.is_visible()
    assert form.locator("details[open]").count() == 1


def test_another_choice_is_not_yet_checked(opened, question):
    page = opened()
    form = page.locator(f"#{ONE}")
    choose(page, ONE, wrong_one(question[ONE]))
    page.keyboard.press("Enter")
    (right,) = question[ONE].right
    choose(page, ONE, right)
    assert form.locator("[data-marked]").count() == 0
    assert form.locator(".quiz-said").inner_text() == ""
    page.keyboard.press("Enter")
    said = form.locator(".quiz-said").inner_text()
    assert said.startswith(f"Yes: {right} is right.")
    assert form.locator("[data-marked=right]").count() == 1


def test_where_several_are_right_one_is_not_enough(opened, question):
    page = opened()
    said = page.locator(f"#{SEVERAL} .quiz-said")
    first, second = question[SEVERAL].right
    choose(page, SEVERAL, first)
    page.keyboard.press("Tab")
    page.locator(f"#{SEVERAL} .quiz-check").press("Enter")
    assert said.inner_text().startswith(
        f"Not yet: {first} is right, and there is more to choose."
    )
    choose(page, SEVERAL, second)
    page.locator(f"#{SEVERAL} .quiz-check").press("Enter")
    assert said.inner_text().startswith(
        f"Yes: {first} and {second} are right."
    )
    choose(page, SEVERAL, wrong_one(question[SEVERAL]))
    page.locator(f"#{SEVERAL} .quiz-check").press("Enter")
    assert said.inner_text().startswith("Not yet: ")


def test_other_questions_stay_as_they_are(opened, question):
    page = opened()
    choose(page, ONE, "A")
    page.keyboard.press("Enter")
    others = page.locator(f"form.quiz:not(#{ONE})")
    assert others.locator("[data-marked], details[open]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_was_checked_is_without_a_fault(opened, axe, question, scheme):
    page = opened()
    page.emulate_media(color_scheme=scheme)
    page.wait_for_selector(f"html[data-theme={scheme}]")
    for name in (ONE, SEVERAL):
        choose(page, name, wrong_one(question[name]))
        page.locator(f"#{name} .quiz-check").press("Enter")
    choose(page, SEVERAL, question[SEVERAL].right[0])
    page.locator(f"#{SEVERAL} .quiz-check").press("Enter")
    assert axe(page, f"#{ONE}, #{SEVERAL}")["violations"] == []


def test_on_paper_questions_have_letters_and_the_answers_come_last(
    opened, asked
):
    page = opened()
    assert not page.locator(".quiz-answers").is_visible()
    page.emulate_media(media="print")
    for hidden in ("input", "details", ".quiz-check", ".quiz-said"):
        assert page.locator(f"form.quiz {hidden}:visible").count() == 0
    letters = page.locator(f"#{ONE} .quiz-letter").all_inner_texts()
    assert letters == ["A", "B", "C", "D"]
    answers = page.locator(".quiz-answers")
    told = answers.locator("> p strong").all_inner_texts()
    assert told == [
        f"{number}. {each.title}: {' and '.join(each.right)}"
        for number, each in enumerate(asked[0].questions, start=1)
    ]
    last_form = page.locator("form.quiz").last.bounding_box()
    assert answers.bounding_box()["y"] > last_form["y"]
