r"""Write the quizzes for learning systems: GIFT, Moodle XML, and QTI 1.2.

All three hold the same HTML, so that code, maths and line breaks look alike
everywhere. Maths stands between ``\(`` and ``\)``, as MathJax reads it. The
formats: docs.moodle.org (GIFT format, Moodle XML format); IMS Question & Test
Interoperability 1.2, in the form that Canvas imports.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from bookbuild import places
from bookbuild.chapters import Chapter, executed
from bookbuild.classroom.quizzes import (
    Option,
    Question,
    Quiz,
    read_quizzes,
)
from bookbuild.files import read_settings, write_all

# What a file of each format is called, and how its name ends.
ENDINGS = {"GIFT": ".gift", "Moodle XML": ".moodle.xml", "QTI": ".qti.zip"}
SEVERAL = "Choose all that are right."
IN_GIFT = re.compile(r"([~=#{}:\\])")
QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
# What Canvas calls a question, by whether several options are right.
ITEM_TYPES = {
    False: "multiple_choice_question",
    True: "multiple_answers_question",
}
# A zip keeps a time for each file; the same quiz is to make the same bytes.
LONG_AGO = (1980, 1, 1, 0, 0, 0)


@cache
def _markdown() -> MarkdownIt:
    def maths(content: str, options: dict[str, bool]) -> str:
        kind = "[]" if options["display_mode"] else "()"
        tex = rf"\{kind[0]}{content.strip()}\{kind[1]}"
        return html.escape(tex, quote=False)

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    return reader.use(dollarmath_plugin, renderer=maths)


def in_html(text: str) -> str:
    """Turn Markdown into HTML; a single paragraph has no tag around it."""
    made = _markdown().render(text).strip()
    if made.count("<p>") == 1 and made.startswith("<p>"):
        inside = made.removeprefix("<p>").removesuffix("</p>")
        return inside if f"<p>{inside}</p>" == made else made
    return made


def asked(question: Question) -> str:
    """Return what is given and asked, as HTML."""
    parts = [question.given, question.ask]
    if question.several:
        parts.append(SEVERAL)
    return _markdown().render("\n\n".join(filter(None, parts))).strip()


def category_of(quiz: Quiz) -> str:
    """Return where a bank of questions keeps a quiz."""
    book = read_settings(places.ROOT / "_config.yml")["title"]
    return f"{book}/{quiz.title.replace('/', '//')}"


def share_of(question: Question, option: Option) -> str:
    """Return what choosing an option is worth, in per cent.

    Where several are right they share it, and wrong ones take as much off:
    choosing all of them is worth nothing. Moodle knows shares by five places.
    """
    n_right = len(question.right)
    n_wrong = len(question.options) - n_right
    if option.right:
        share = 100 / n_right
    else:
        share = -100 / n_wrong if question.several else 0
    return f"{share:.5f}".rstrip("0").rstrip(".")


# GIFT ------------------------------------------------------------------------


def escaped(text: str) -> str:
    """Write a text so that nothing in it means something in GIFT."""
    return IN_GIFT.sub(r"\\\1", text).replace("\n", "\\n")


def gift(quiz: Quiz) -> str:
    """Write a quiz as GIFT."""
    parts = [f"$CATEGORY: {category_of(quiz)}"]
    for question in quiz.questions:
        lines = [
            f"// [id:{question.id}]",
            f"::{escaped(question.title)}::[html]{escaped(asked(question))}{{",
        ]
        for option in question.options:
            mark = "=" if option.right else "~"
            if question.several:
                mark = f"~%{share_of(question, option)}%"
            text, why = in_html(option.text), in_html(option.why)
            lines.append(f"{mark}{escaped(text)}#{escaped(why)}")
        parts.append("\n".join([*lines, "}"]))
    return "\n\n".join(parts) + "\n"


# Moodle XML ------------------------------------------------------------------


def grown(
    parent: Element, tag: str, text: str = "", **attributes: str
) -> Element:
    """Add an element with a text to another one."""
    made = SubElement(parent, tag, attributes)
    made.text = text or None
    return made


def texted(parent: Element, tag: str, text: str, **attributes: str) -> Element:
    """Add an element whose text stands in a ``text`` of its own."""
    made = grown(parent, tag, **attributes)
    grown(made, "text", text)
    return made


def document(root: Element) -> bytes:
    """Return the bytes of an XML file."""
    ElementTree.indent(root)
    return ElementTree.tostring(root, "utf-8", xml_declaration=True) + b"\n"


def moodle(quiz: Quiz) -> bytes:
    """Write a quiz as Moodle XML."""
    root = Element("quiz")
    category = grown(root, "question", type="category")
    texted(category, "category", f"$course$/top/{category_of(quiz)}")
    for question in quiz.questions:
        item = grown(root, "question", type="multichoice")
        texted(item, "name", question.title)
        texted(item, "questiontext", asked(question), format="html")
        texted(item, "generalfeedback", "", format="html")
        for tag, text in {
            "defaultgrade": "1",
            "penalty": "0.3333333",
            "hidden": "0",
            "idnumber": question.id,
            "single": str(not question.several).lower(),
            "shuffleanswers": "true",
            "answernumbering": "ABCD",
        }.items():
            grown(item, tag, text)
        for option in question.options:
            worth = share_of(question, option)
            text = in_html(option.text)
            answer = texted(
                item, "answer", text, fraction=worth, format="html"
            )
            texted(answer, "feedback", in_html(option.why), format="html")
    return document(root)


# QTI -------------------------------------------------------------------------


def material(parent: Element, text: str) -> None:
    """Add a piece of HTML to an element of QTI."""
    inside = grown(parent, "material")
    grown(inside, "mattext", text, texttype="text/html")


def response(parent: Element, goes_on: str) -> tuple[Element, Element]:
    """Add a condition, and return it with the place of what it asks."""
    made = grown(parent, "respcondition", **{"continue": goes_on})
    return made, grown(made, "conditionvar")


def qti_item(section: Element, question: Question) -> None:
    """Add a question to a section of QTI."""
    item = grown(section, "item", ident=question.id, title=question.title)
    named = [
        f"{question.id}-{letter.lower()}" for letter, _ in question.lettered
    ]
    facts = grown(grown(item, "itemmetadata"), "qtimetadata")
    for label, entry in {
        "question_type": ITEM_TYPES[question.several],
        "points_possible": "1",
        "original_answer_ids": ",".join(named),
        "assessment_question_identifierref": f"{question.id}-bank",
    }.items():
        field = grown(facts, "qtimetadatafield")
        grown(field, "fieldlabel", label)
        grown(field, "fieldentry", entry)
    shown = grown(item, "presentation")
    material(shown, asked(question))
    cardinality = "Multiple" if question.several else "Single"
    asking = grown(
        shown, "response_lid", ident="response1", rcardinality=cardinality
    )
    choices = grown(asking, "render_choice")
    judged = grown(item, "resprocessing")
    score = {"varname": "SCORE", "vartype": "Decimal"}
    grown(
        grown(judged, "outcomes"),
        "decvar",
        **score,
        minvalue="0",
        maxvalue="100",
    )
    for name, option in zip(named, question.options, strict=True):
        material(
            grown(choices, "response_label", ident=name), in_html(option.text)
        )
        told, chosen = response(judged, "Yes")
        grown(chosen, "varequal", name, respident="response1")
        grown(
            told,
            "displayfeedback",
            feedbacktype="Response",
            linkrefid=f"{name}_fb",
        )
    told, chosen = response(judged, "No")
    all_of = grown(chosen, "and") if question.several else chosen
    for name, option in zip(named, question.options, strict=True):
        if option.right:
            grown(all_of, "varequal", name, respident="response1")
        elif question.several:
            grown(
                grown(all_of, "not"), "varequal", name, respident="response1"
            )
    grown(told, "setvar", "100", action="Set", varname="SCORE")
    for name, option in zip(named, question.options, strict=True):
        feedback = grown(item, "itemfeedback", ident=f"{name}_fb")
        material(grown(feedback, "flow_mat"), in_html(option.why))


def qti_assessment(quiz: Quiz) -> bytes:
    """Write the questions of a quiz as QTI 1.2."""
    root = Element("questestinterop", xmlns=QTI)
    whole = grown(
        root, "assessment", ident=f"quiz-{quiz.name}", title=quiz.title
    )
    section = grown(whole, "section", ident="root_section")
    for question in quiz.questions:
        qti_item(section, question)
    return document(root)


def qti_manifest(quiz: Quiz, file: str) -> bytes:
    """Write what a package of QTI says of what is in it."""
    root = Element(
        "manifest", xmlns=PACKAGE, identifier=f"manifest-{quiz.name}"
    )
    facts = grown(root, "metadata")
    grown(facts, "schema", "IMS Content")
    grown(facts, "schemaversion", "1.1.3")
    grown(root, "organizations")
    resource = grown(
        grown(root, "resources"),
        "resource",
        identifier=f"quiz-{quiz.name}",
        type="imsqti_xmlv1p2",
        href=file,
    )
    grown(resource, "file", href=file)
    return document(root)


def qti(quiz: Quiz) -> bytes:
    """Pack a quiz as a zip that Canvas and others import as QTI 1.2."""
    file = f"{quiz.name}/{quiz.name}.xml"
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in {
            "imsmanifest.xml": qti_manifest(quiz, file),
            file: qti_assessment(quiz),
        }.items():
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), content)
    return packed.getvalue()


# All of them -----------------------------------------------------------------

WRITERS: dict[str, Callable[[Quiz], str | bytes]] = {
    ".gift": gift,
    ".moodle.xml": moodle,
    ".qti.zip": qti,
}


def _files(
    folder: Path, quizzes: Sequence[Quiz]
) -> Iterator[tuple[Path, str | bytes]]:
    for quiz in quizzes:
        for ending, write in WRITERS.items():
            yield folder / f"{quiz.name}{ending}", write(quiz)


def write_quizzes(
    folder: Path | None = None, book: Sequence[Chapter] | None = None
) -> list[Path]:
    """Write all quizzes in all formats; return the files.

    Parameters
    ----------
    folder
        Where they go; None takes _build/classroom/quizzes.
    book
        The chapters; None takes them as they were run last.

    Raises
    ------
    BuildError
        Where a quiz is not complete, or a chapter was not run.
    """
    folder = folder or places.BUILD / "classroom" / "quizzes"
    quizzes = read_quizzes(executed() if book is None else book)
    files = dict(_files(folder, quizzes))
    write_all(files)
    return list(files)
