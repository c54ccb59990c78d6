"""Numbers on pages that have none of their own."""

from bookbuild.pages import numbering


def test_a_notebook_before_the_first_chapter_is_counted_by_itself():
    numbers = {
        "book/index": {"figure": {"a": (1,)}},
        "notebooks/00_start": {"figure": {"b": (2,)}, "exercise": {"e": (1,)}},
        "book/results": {"figure": {"c": (3,)}, "table": {"t": (1,)}},
        "notebooks/01_first": {"figure": {"d": (1, 1)}},
    }
    numbering.renumber(numbers)
    assert numbers == {
        "book/index": {"figure": {"a": (1,)}},
        "notebooks/00_start": {
            "figure": {"b": (0, 1)},
            "exercise": {"e": (0, 1)},
        },
        "book/results": {"figure": {"c": (2,)}, "table": {"t": (1,)}},
        "notebooks/01_first": {"figure": {"d": (1, 1)}},
    }
