"""What learning systems read is what the quizzes say."""

import re
import zipfile
from io import BytesIO

import pytest
from bs4 import BeautifulSoup
from defusedxml import ElementTree

from bookbuild import chapters
from bookbuild.classroom import exports, quizzes
from bookbuild.classroom.quizzes import Option, Question, Quiz

NASTY = Quiz(
    "09_nasty",
    "9 Braces & more",
    (
        Question(
            id="q-9-signs",
            title="What {a} = ~b # c: <d> & e?",
            section="S",
            goal="g",
            given=(
                "Zwölf Bücher & <b>kein</b> Tag.\n\n```python\nx = {1: '~'}  "
                "# a\\nb\n\n\nif x < 2 and y:\n    pass\n```"
            ),
            ask="Is $x_1 < \\frac{a}{b}$ so?",
            options=(
                Option(
                    "`{ } = ~ # : \\`", True, "Because $a{=}b$, 100 % of it."
                ),
                Option("[0, 1]", False, "**No**: // a comment, $CATEGORY."),
                Option("=~%50%#", False, "First.\n\nThen, a second one."),
            ),
        ),
        Question(
            id="q-9-several",
            title="Several",
            section="S",
            goal="g",
            given="",
            ask="Which?",
            options=(
                Option("one", True, "It is."),
                Option("two", True, "It is, too."),
                Option("three", False, "It is not."),
                Option("four", True, "This one as well."),
            ),
        ),
    ),
)
# By hand, from the rules of Markdown and HTML.
NASTY_ASKED = (
    "<p>Zwölf Bücher &amp; &lt;b&gt;kein&lt;/b&gt; Tag.</p>\n"
    "<pre><code class=\"language-python\">x = {1: '~'}  # a\\nb\n\n\n"
    "if x &lt; 2 and y:\n    pass\n</code></pre>\n"
    '<p>Is <span class="math inline">\\(x_1 &lt; \\frac{a}{b}\\)</span> '
    "so?</p>"
)
A_IS_B = '<span class="math inline">\\(a{=}b\\)</span>'
NASTY_OPTIONS = [
    ("<code>{ } = ~ # : \\</code>", f"Because {A_IS_B}, 100 % of it."),
    ("[0, 1]", "<strong>No</strong>: // a comment, $CATEGORY."),
    ("=~%50%#", "<p>First.</p>\n<p>Then, a second one.</p>"),
]


# Each reader returns a tuple a question, with its options -----------


def unescaped(text):
    """What Moodle reads of a text in GIFT."""
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)


def pieces_of(text):
    """Cut an answer block of GIFT before each unescaped = or ~."""
    found, start, at = [], None, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] in "=~":
            if start is not None:
                found.append(text[start:at])
            start = at
        at += 1
    return [*found, text[start:]]


def cut_once(text, sign):
    """Cut a text at the first unescaped sign."""
    at = 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == sign:
            return text[:at], text[at + 1 :]
        at += 1
    raise AssertionError(f"no {sign!r} in {text!r}")


def from_gift(quiz):
    read = []
    for block in re.split(r"\n\s*\n", exports.gift(quiz).strip())[1:]:
        lines = block.splitlines()
        (name,) = re.fullmatch(r"// \[id:(.+)\]", lines[0]).groups()
        _, title, text = "\n".join(lines[1:]).split("::", 2)
        asked, answers = cut_once(text, "{")
        answers, rest = cut_once(answers, "}")
        assert not rest.strip()
        options = []
        for piece in pieces_of(answers.strip()):
            sign, body = piece[0], piece[1:].strip()
            share = "100" if sign == "=" else "0"
            if worth := re.match(r"%(-?[\d.]+)%", body):
                share, body = worth[1], body[worth.end() :]
            option, why = cut_once(body, "#")
            options.append((unescaped(option), share, unescaped(why)))
        assert asked.startswith("[html]")
        asked = unescaped(asked.removeprefix("[html]"))
        read.append((name, unescaped(title), asked, options))
    return read


def from_moodle(quiz):
    root = ElementTree.fromstring(exports.moodle(quiz))
    read = []
    for item in root.findall("question[@type='multichoice']"):
        options = [
            (
                answer.findtext("text"),
                answer.get("fraction"),
                answer.findtext("feedback/text"),
            )
            for answer in item.findall("answer")
        ]
        several = sum(float(share) > 0 for _, share, _ in options) > 1
        assert item.findtext("single") == str(not several).lower()
        title = item.findtext("name/text")
        asked = item.findtext("questiontext/text")
        read.append((item.findtext("idnumber"), title, asked, options))
    return read


def from_qti(quiz):
    spaces = {"q": exports.QTI, "p": exports.PACKAGE}
    with zipfile.ZipFile(BytesIO(exports.qti(quiz))) as archive:
        manifest = ElementTree.fromstring(archive.read("imsmanifest.xml"))
        resource = manifest.find("p:resources/p:resource", spaces)
        assert resource.get("type") == "imsqti_xmlv1p2"
        file = resource.find("p:file", spaces).get("href")
        assert archive.namelist() == ["imsmanifest.xml", file]
        root = ElementTree.fromstring(archive.read(file))
    return [
        qti_question(item, spaces)
        for item in root.iterfind(".//q:item", spaces)
    ]


def qti_question(item, spaces):
    """Read an item of QTI, as one that grades it does."""
    material = "q:material/q:mattext"
    feedback = {
        each.get("ident"): each.findtext(
            f"q:flow_mat/{material}", None, spaces
        )
        for each in item.iterfind("q:itemfeedback", spaces)
    }
    said, right = {}, set()
    for condition in item.iterfind("q:resprocessing/q:respcondition", spaces):
        asks = condition.find("q:conditionvar", spaces)
        shown = condition.find("q:displayfeedback", spaces)
        wanted = asks.findall("q:varequal", spaces)
        wanted += asks.findall("q:and/q:varequal", spaces)
        named = [each.text for each in wanted]
        if shown is not None:
            said[named[0]] = feedback.pop(shown.get("linkrefid"))
        else:
            assert condition.findtext("q:setvar", None, spaces) == "100"
            right = set(named)
            unwanted = asks.findall("q:and/q:not/q:varequal", spaces)
            refused = {each.text for each in unwanted}
    assert not feedback
    labels = item.findall(".//q:response_label", spaces)
    names = [label.get("ident") for label in labels]
    lid = item.find(".//q:response_lid", spaces)
    several = len(right) > 1
    assert lid.get("rcardinality") == ("Multiple" if several else "Single")
    assert refused == (set(names) - right if several else set())
    options = [
        (
            label.findtext(material, None, spaces),
            "right" if name in right else "wrong",
            said[name],
        )
        for name, label in zip(names, labels, strict=True)
    ]
    asked = item.findtext(f"q:presentation/{material}", None, spaces)
    return item.get("ident"), item.get("title"), asked, options


READERS = [from_gift, from_moodle, from_qti]


def is_right(share):
    return share == "right" or (share != "wrong" and float(share) > 0)


def words(html):
    return re.findall(r"\w+", BeautifulSoup(html, "html.parser").get_text())


def words_of_markdown(text):
    return re.findall(r"\w+", re.sub(r"^```\w+$", "", text, flags=re.M))


@pytest.fixture(scope="module")
def all_quizzes():
    return quizzes.read_quizzes(chapters.committed())


@pytest.mark.parametrize("read", READERS)
def test_every_quiz_is_read_back_as_it_is_written(read, all_quizzes):
    for quiz in [*all_quizzes, NASTY]:
        found = read(quiz)
        assert len(found) == len(quiz.questions)
        for (name, title, asked, options), question in zip(
            found, quiz.questions, strict=True
        ):
            assert (name, title) == (question.id, question.title)
            how = exports.SEVERAL if question.several else ""
            parts = [question.given, question.ask, how]
            assert words(asked) == words_of_markdown("\n".join(parts)), name
            assert [
                (words(text), is_right(share), words(why))
                for text, share, why in options
            ] == [
                (
                    words_of_markdown(option.text),
                    option.right,
                    words_of_markdown(option.why),
                )
                for option in question.options
            ], name


@pytest.mark.parametrize("read", READERS)
def test_signs_code_maths_and_line_breaks_come_through(read):
    _, title, asked, options = read(NASTY)[0]
    assert title == "What {a} = ~b # c: <d> & e?"
    assert asked == NASTY_ASKED
    assert [(text, why) for text, _, why in options] == NASTY_OPTIONS


@pytest.mark.parametrize("read", [from_gift, from_moodle])
def test_right_options_share_a_point_and_wrong_ones_take_it_off(read):
    one, several = (
        [share for _, share, _ in options] for *_, options in read(NASTY)
    )
    assert one == ["100", "0", "0"]
    assert several == ["33.33333", "33.33333", "-100", "33.33333"]


def test_the_same_quizzes_make_the_same_bytes(tmp_path):
    book = chapters.committed()
    first = exports.write_quizzes(tmp_path / "a", book)
    second = exports.write_quizzes(tmp_path / "b", book)
    assert {path.name for path in first} == {
        f"{path.stem}{ending}"
        for path in quizzes.sources()
        for ending in exports.ENDINGS.values()
    }
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_every_format_has_a_writer():
    assert list(exports.WRITERS) == list(exports.ENDINGS.values())
