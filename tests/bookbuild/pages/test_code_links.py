"""What a name in a chapter's code is looked up as."""

from types import SimpleNamespace

from docutils import nodes
from docutils.utils import new_document

from bookbuild.pages import code_links
from recslib.ratings import Ratings
from recslib.splits import Split
from recslib.tables import DataSet


def test_fields_that_hold_a_class_of_the_library_are_known():
    fields = set(code_links.record_fields())
    assert (DataSet, "ratings", Ratings) in fields
    assert (Split, "train", Ratings) in fields
    assert not any(name == "timestamps" for _, name, _ in fields)


def test_fields_stand_on_their_class_only_while_links_are_looked_up():
    app = SimpleNamespace()
    code_links.show_fields(app, None)
    assert DataSet.ratings is Ratings
    code_links.hide_fields(app, None)
    assert not hasattr(DataSet, "ratings")


def test_a_section_without_a_heading_does_not_stop_the_analysis(tmp_path):
    document = new_document(str(tmp_path / "page.md"))
    document += nodes.section()
    code = code_links.ChapterCode(
        document,
        source_dir=str(tmp_path),
        global_preface=[],
        custom_blocks={},
        concat_default=True,
        default_highlight_lang="python",
        warn_default_parse_fail=False,
    )
    document.walkabout(code)
    assert code.source_transforms == []
