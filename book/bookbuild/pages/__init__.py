"""What Sphinx learns for the pages: one extension, in the order it works."""

from __future__ import annotations

import sphinx_codeautolink.extension as codeautolink
from sphinx.application import Sphinx

from bookbuild.pages import (
    api_reference,
    code_links,
    contents,
    glossary,
    interactive_figures,
    launchers,
    mathjax,
    numbering,
    quizzes,
    repairs,
    unused_files,
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    mathjax.mathjax_folder()  # before any work, to say that it is missing
    read_pages(app)
    show_pages(app)
    finish_pages(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def read_pages(app: Sphinx) -> None:
    """Add what the sources may hold, and what is done to a page as read."""
    app.connect("autodoc-process-docstring", api_reference.add_summary)
    app.connect("autodoc-skip-member", api_reference.leave_out)
    codeautolink.CodeBlockAnalyser = code_links.ChapterCode
    app.setup_extension("sphinx_codeautolink")
    # Between these two, at 500, the links are looked up.
    app.connect("env-updated", code_links.show_fields, priority=400)
    app.connect("env-updated", code_links.hide_fields, priority=600)
    app.add_config_value("glossary_links_by_hand", [], "env", [list])
    app.add_config_value("glossary_links_skip", [], "env", [list])
    app.add_transform(glossary.IndexTaughtTerms)
    app.add_post_transform(glossary.LinkFirstUses)
    app.add_post_transform(glossary.SayWhatTermsMean)
    # When Sphinx and its extensions have counted.
    app.connect("env-get-updated", numbering.renumber_pages, priority=900)
    app.add_node(contents.ContentsPlace)
    app.add_directive("contents-with-minutes", contents.ContentsDirective)
    app.add_post_transform(contents.FillIn)
    html_of_a_tag = (quizzes.visit_tag, quizzes.depart_tag)
    app.add_node(quizzes.Tag, html=html_of_a_tag)
    app.add_node(quizzes.InlineTag, html=html_of_a_tag)
    answers = (quizzes.visit_answers, quizzes.depart_answers)
    app.add_node(quizzes.Answers, html=answers)
    app.add_directive("quiz-question", quizzes.QuizQuestion)
    app.add_directive("quiz-answers", quizzes.QuizAnswers)


def show_pages(app: Sphinx) -> None:
    """Add what a page gets when it is put into its template."""
    app.connect("html-page-context", api_reference.show_source)
    app.connect("html-page-context", interactive_figures.add_scripts)
    app.connect("html-page-context", quizzes.add_script)
    # The theme has made its buttons by then.
    app.connect("html-page-context", launchers.add_buttons, priority=900)


def finish_pages(app: Sphinx) -> None:
    """Add what is done to the folder of written pages."""
    app.connect("build-finished", mathjax.copy_mathjax)
    app.connect("build-finished", unused_files.leave_out)
    # When every other extension is done with the pages.
    app.connect("build-finished", repairs.mend_pages, priority=900)
