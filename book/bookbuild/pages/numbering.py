"""Numbers of figures, equations and exercises in a notebook with the number 0.

Sphinx counts from 1, and pages that have no number share one count. A notebook
that comes before the first chapter has the numbers 0.1, 0.2 and so on, and the
pages without a number are counted as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

# Page to kind to anchor to number, as Sphinx keeps them.
Numbers = Mapping[str, dict[str, dict[str, tuple[int, ...]]]]


def is_before_chapters(page: str) -> bool:
    """Whether a page is a notebook whose number is 0."""
    path = PurePosixPath(page)
    return path.parent.name == "notebooks" and path.name.startswith("00_")


def without_section(
    numbers: Numbers, kind: str
) -> Iterator[tuple[int, str, str]]:
    """Go through what is numbered by one number: it, page and anchor."""
    for page, kinds in numbers.items():
        for anchor, number in kinds.get(kind, {}).items():
            if len(number) == 1:
                yield number[0], page, anchor


def renumber(numbers: Numbers) -> None:
    """Count again what stands on pages without a number of their own.

    Parameters
    ----------
    numbers
        Changed in place.
    """
    kinds = {kind for page in numbers.values() for kind in page}
    for kind in sorted(kinds):
        counts = {True: 0, False: 0}
        for _, page, anchor in sorted(without_section(numbers, kind)):
            before = is_before_chapters(page)
            counts[before] += 1
            number = counts[before]
            numbers[page][kind][anchor] = (0, number) if before else (number,)


def renumber_pages(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Do it when Sphinx has counted; return the pages to write again."""
    renumber(env.toc_fignumbers)
    return [page for page in env.found_docs if is_before_chapters(page)]
