"""No word of the book is misspelt: British spelling, with -ize.

GNU Aspell knows English; words.txt, beside this file, knows what it does not:
names, and the words of the field. Without Aspell these tests are skipped, or
fail where REQUIRE_SPELLING=1 asks for them.
"""

import os
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from bookbuild import places

LANGUAGE = "en_GB-ize"
NO_ASPELL = (
    f"no Aspell with the dictionary {LANGUAGE} found, so nobody checked the "
    "spelling. Get it with 'apt-get install aspell aspell-en' (Debian, "
    "Ubuntu) or 'brew install aspell' (macOS)."
)
WORD_LIST = Path(__file__).with_name("words.txt")
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
# What is code, maths, output of a program, or somebody else's title.
NOT_PROSE = (
    "pre, code, script, style, .math, .headerlink, .citation, dt.sig, "
    "a[href*='references.html#'], div.output, div.cell_output table, "
    "#table-run, #table-machine"
)
# Pages made from docstrings, which are mostly names.
NAMES_OF_CODE = re.compile(r"book/api/|_modules/|genindex")
# In files such as README.md: blocks of code, code in a line, and addresses.
NOT_MARKDOWN_PROSE = re.compile(
    r"^```.*?^```$|`[^`\n]*`|\$[^$\n]*\$|\]\([^)\n]*\)|<!--.*?-->|https?://\S+",
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture(scope="module")
def aspell():
    path = shutil.which("aspell")
    dictionaries = (
        path
        and subprocess.run(
            [path, "dicts"], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    if not path or LANGUAGE not in dictionaries:
        if os.environ.get("REQUIRE_SPELLING") == "1":
            pytest.fail(NO_ASPELL)
        pytest.skip(NO_ASPELL)
    return path


def listed_words():
    """The words of the list, group by group."""
    text = WORD_LIST.read_text(encoding="utf-8")
    return [
        [line for line in group.splitlines() if not line.startswith("#")]
        for group in text.strip().split("\n\n")
    ]


def words_of(text):
    """The words of a text, each without a possessive's s."""
    straight = (word.replace("\u2019", "'") for word in WORD.findall(text))
    return {word.removesuffix("'s") for word in straight}


def prose(page):
    """The prose of a built page, captions and alternative texts included."""
    article = BeautifulSoup(str(page), "html.parser").find("article")
    if article is None:
        return ""
    for tag in article.select(NOT_PROSE):
        tag.decompose()
    alternatives = [image.get("alt", "") for image in article.select("img")]
    return " ".join([article.get_text(" "), *alternatives])


def unknown(aspell, words):
    """The words that neither Aspell nor the list knows."""
    told = subprocess.run(
        [aspell, "list", f"--master={LANGUAGE}", "--encoding=utf-8"],
        input="\n".join(sorted(words)),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    known = {word for group in listed_words() for word in group}
    return {
        word
        for word in told.stdout.split()
        if not {word, word[0].lower() + word[1:]} & known
    }


@pytest.fixture(scope="module")
def used(pages):
    """Every word of the book, with the places where it stands."""
    texts = {
        path.as_posix(): prose(page)
        for path, page in pages.items()
        if not NAMES_OF_CODE.match(path.as_posix())
    }
    decks = (places.ROOT / places.DECKS).glob("*.md")
    for path in (*places.ROOT.glob("*.md"), *decks):
        text = path.read_text(encoding="utf-8")
        texts[path.relative_to(places.ROOT).as_posix()] = (
            NOT_MARKDOWN_PROSE.sub(" ", text)
        )
    found = defaultdict(set)
    for place, text in texts.items():
        for word in words_of(text):
            found[word].add(place)
    return found


def test_no_word_is_misspelt(aspell, used):
    wrong = [
        f"{word}: {', '.join(sorted(used[word]))}"
        for word in sorted(unknown(aspell, used))
    ]
    assert not wrong, (
        f"misspelt, or missing in {WORD_LIST.name}:\n" + "\n".join(wrong)
    )


@pytest.mark.parametrize(
    "slip", ["recomender", "Teh", "color", "optimise", "embeding's"]
)
def test_a_slip_is_found(aspell, slip):
    page = BeautifulSoup(
        f"<article><p>A word, and {slip} here.</p></article>", "html.parser"
    )
    assert unknown(aspell, words_of(prose(page))) == {slip.removesuffix("'s")}


def test_a_slip_in_a_caption_or_an_alternative_text_is_found(aspell):
    page = BeautifulSoup(
        "<article><figure><img alt='Bars by reting'>"
        "<figcaption>How oftn.</figcaption></figure></article>",
        "html.parser",
    )
    assert unknown(aspell, words_of(prose(page))) == {"reting", "oftn"}


def test_code_maths_and_output_are_not_read(aspell):
    page = BeautifulSoup(
        "<article><pre>rmse_sdx</pre><code>vsbias</code>"
        "<span class='math'>mufrac</span><div class='output'>Usul</div>"
        "</article>",
        "html.parser",
    )
    assert words_of(prose(page)) == set()
    assert "zqx" not in NOT_MARKDOWN_PROSE.sub(" ", "a `zqx` [b](zqx.md)")


def test_the_word_list_is_in_order_without_doubles():
    groups = listed_words()
    for group in groups:
        assert group == sorted(group, key=lambda word: (word.lower(), word))
    words = [word for group in groups for word in group]
    assert len(words) == len(set(words))


def test_every_group_of_the_word_list_says_what_it_holds():
    text = WORD_LIST.read_text(encoding="utf-8")
    for group in text.strip().split("\n\n"):
        assert group.startswith("# "), group


def test_the_word_list_has_no_word_that_nobody_uses(used):
    everything = set(used) | {word[0].lower() + word[1:] for word in used}
    words = {word for group in listed_words() for word in group}
    assert sorted(words - everything) == []
