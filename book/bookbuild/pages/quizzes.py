"""Questions in the pages: a form that works without a script, and on paper.

``{quiz-question}`` holds one question as JSON, and ``{quiz-answers}`` several:
`classroom.quizzes` writes both. Without a script a reader opens what an option
says of itself; quiz.js marks what was chosen, and opens that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from string import ascii_uppercase
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

ONE, SEVERAL = "Choose one.", "Choose all that are right."
YES, NO = "Yes.", "No."


class Tag(nodes.General, nodes.Element):
    """An element of HTML: ``tag`` and ``attributes``, and what is in it."""


class InlineTag(nodes.Inline, nodes.TextElement):
    """The same, for what stands in a line."""


class Answers(nodes.General, nodes.Element):
    """The answers of a page, for paper alone."""


def visit_tag(writer: HTML5Translator, node: nodes.Element) -> None:
    """Open an element; ``input`` has no end."""
    told = {"ids": node["ids"], "classes": node["classes"]}
    given = node.get("attributes", {})
    if node["tag"] == "input":
        writer.body.append(writer.emptytag(told, "input", "", **given))
    else:
        writer.body.append(writer.starttag(told, node["tag"], "", **given))


def depart_tag(writer: HTML5Translator, node: nodes.Element) -> None:
    """Close an element."""
    if node["tag"] != "input":
        writer.body.append(f"</{node['tag']}>")


def visit_answers(writer: HTML5Translator, node: Answers) -> None:
    """Open what only paper shows."""
    writer.body.append('<div class="quiz-answers print-only">\n')


def depart_answers(writer: HTML5Translator, node: Answers) -> None:
    """Close it."""
    writer.body.append("</div>\n")


def tag(
    name: str,
    /,
    *children: nodes.Node,
    classes: str = "",
    ids: str = "",
    inline: bool = False,
    **attributes: str,
) -> Tag | InlineTag:
    """Make an element of HTML with children."""
    made = (InlineTag if inline else Tag)(
        "",
        *(["", *children] if inline else children),
        tag=name,
        attributes={k.replace("_", "-"): v for k, v in attributes.items()},
    )
    made["classes"], made["ids"] = classes.split(), ids.split()
    return made


class _Quiz(SphinxDirective):
    """What both directives do: read JSON, and the Markdown in it."""

    has_content = True

    def asked(self) -> list[dict[str, Any]]:
        """Return the questions."""
        return json.loads("\n".join(self.content))

    def parsed(self, text: str) -> list[nodes.Node]:
        """Return what a piece of Markdown holds."""
        box = nodes.container()
        lines = StringList(text.splitlines(), self.get_source_info()[0])
        self.state.nested_parse(lines, self.content_offset, box)
        return box.children

    def in_line(self, text: str) -> list[nodes.Node]:
        """Return what a single paragraph of Markdown holds."""
        (paragraph,) = self.parsed(text)
        return paragraph.children

    def verdict(self, option: Mapping[str, Any]) -> list[nodes.Node]:
        """Say whether an option is right, and why."""
        said = nodes.strong("", YES if option["right"] else NO)
        first, *others = self.parsed(option["why"])
        first[:0] = [said, nodes.Text(" ")]
        return [first, *others]


def lettered(
    question: Mapping[str, Any],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Go through the options of a question, each with its letter."""
    return zip(ascii_uppercase, question["options"], strict=False)


class QuizQuestion(_Quiz):
    """``{quiz-question}``: a form with one question."""

    def run(self) -> list[nodes.Node]:
        """Make the form."""
        (question,) = self.asked()
        name = question["id"]
        n_right = sum(option["right"] for option in question["options"])
        parts, said = [], {}
        if question["given"]:
            said = {"aria_describedby": f"{name}-given"}
            given = self.parsed(question["given"])
            parts.append(tag("div", *given, ids=f"{name}-given"))
        how = ONE if n_right == 1 else SEVERAL
        legend = tag(
            "legend",
            *self.in_line(question["ask"]),
            nodes.Text(" "),
            tag("span", nodes.Text(how), classes="quiz-how", inline=True),
            inline=True,
        )
        kind = "radio" if n_right == 1 else "checkbox"
        choices = [
            self.choice(name, letter, option, kind)
            for letter, option in lettered(question)
        ]
        parts.append(tag("fieldset", legend, *choices, **said))
        parts.append(tag("p", classes="quiz-said", role="status"))
        # Such a form is never sent: what sends others does nothing here.
        form = tag("form", *parts, classes="quiz", ids=name, method="dialog")
        return [form]

    def choice(
        self, name: str, letter: str, option: Mapping[str, Any], kind: str
    ) -> Tag:
        """Make an option: a button, its label, and what speaks for it."""
        here = f"{name}-{letter.lower()}"
        button = tag(
            "input", ids=here, type=kind, name=name, value=letter.lower()
        )
        sign = tag(
            "span", nodes.Text(letter), classes="quiz-letter", inline=True
        )
        words = tag("span", *self.in_line(option["text"]), inline=True)
        label = tag("label", sign, words, inline=True, **{"for": here})
        summary = tag(
            "summary", nodes.Text(f"Is {letter} right?"), inline=True
        )
        why = tag(
            "details",
            summary,
            *self.verdict(option),
            classes="quiz-why screen-only",
        )
        right = "true" if option["right"] else "false"
        return tag(
            "div", button, label, why, classes="quiz-choice", data_right=right
        )


class QuizAnswers(_Quiz):
    """``{quiz-answers}``: what is right, and why, for paper."""

    def run(self) -> list[nodes.Node]:
        """Make the list."""
        parts: list[nodes.Node] = [nodes.rubric("", "Answers")]
        for number, question in enumerate(self.asked(), start=1):
            right = [
                letter for letter, each in lettered(question) if each["right"]
            ]
            title = f"{number}. {question['title']}: {' and '.join(right)}"
            parts.append(nodes.paragraph("", "", nodes.strong("", title)))
            items = []
            for letter, option in lettered(question):
                first, *others = self.verdict(option)
                first.insert(0, nodes.Text(f"{letter}: "))
                items.append(nodes.list_item("", first, *others))
            parts.append(nodes.bullet_list("", *items))
        return [Answers("", *parts)]


def add_script(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Add script and style to a page that has a quiz."""
    if doctree is not None and next(doctree.findall(Answers), None):
        app.add_css_file("quiz.css")
        for script in ("dom", "quiz"):
            app.add_js_file(f"{script}.js", loading_method="defer")
