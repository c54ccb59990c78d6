"""Pins are settled, and the words beside them stay."""

import re
import shutil
from importlib import metadata

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from bookbuild import BuildError, cli, pins, places

HOUSE = places.ROOT
FILE = """\
# What the book uses.

# The library of this repository, in place.
-e .

# Numbers. torch moves alone.
torch==2.13.0  # stays
Jinja-Like==1.0

# The book stays below 2.
sphinx_book==1.4  # stays <2
windows-only==0.1 ; sys_platform == "no-such-system"

# What those bring along, pinned so that an install next year is the same.
# It is in the order of the alphabet.
alpha==1.0
# Why this one is here.
Beta==2.0 ; sys_platform != "no-such-system"
delta_two==3.0  # stays <4
other==9.0 ; sys_platform == "no-such-system"
"""


def package(name, version="1.0", *requires):
    return pins.Package(name, version, requires)


def resolution(*extra, without=()):
    """What belongs together in FILE, with changes."""
    found = [
        package("torch", "2.13.0"),
        package("jinja_like", "1.0", "alpha"),
        package("sphinx-book", "1.4", "beta", "delta-two"),
        package("alpha", "1.0"),
        package("beta", "2.0"),
        package("delta-two", "3.0"),
        *extra,
    ]
    keyed = {canonicalize_name(one.name): one for one in found}
    return {key: one for key, one in keyed.items() if key not in without}


def settled(*extra, without=()):
    return pins.resolved(pins.parse(FILE), resolution(*extra, without=without))


def test_a_file_is_read_and_written_to_the_letter():
    assert pins.parse(FILE).text == FILE


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "benchmarks/requirements.txt",
        "benchmarks/requirements-librecommender.txt",
        "benchmarks/requirements-recbole.txt",
        "book/classroom/hub/requirements.txt",
    ],
)
def test_the_files_of_this_repository_are_read_and_are_in_order(name):
    text = (places.ROOT / name).read_text(encoding="utf-8")
    requirements = pins.parse(text)
    assert requirements.text == text
    names = [pin.name.lower() for pin in requirements.along]
    assert names == sorted(names)
    keys = [pin.key for pin in (*requirements.direct, *requirements.along)]
    assert len(keys) == len(set(keys))


def test_what_fits_together_as_it_is_changes_nothing():
    assert settled().text == FILE


def test_new_versions_leave_comments_markers_order_and_spelling():
    new = settled(package("jinja_like", "1.1"), package("BETA", "2.5"))
    assert new.text == FILE.replace("Like==1.0", "Like==1.1").replace(
        "Beta==2.0", "Beta==2.5"
    )


def test_what_nobody_needs_any_more_goes_with_its_words():
    assert settled(without={"beta"}).text == FILE.replace(
        '# Why this one is here.\nBeta==2.0 ; sys_platform != "no-such-system"'
        "\n",
        "",
    )


def test_a_new_package_comes_in_the_order_of_the_alphabet():
    new = settled(package("Charlie", "7.0"))
    lines = new.text.splitlines()
    at = lines.index("Charlie==7.0")
    assert lines[at - 1].startswith("Beta==")
    assert lines[at + 1].startswith("delta_two==")


def test_a_pin_for_another_system_stays():
    text = settled(package("windows-only", "5.0")).text
    assert 'windows-only==0.1 ; sys_platform == "no-such-system"' in text
    assert 'other==9.0 ; sys_platform == "no-such-system"' in text


def test_a_new_package_of_one_system_says_so():
    needs = package(
        "alpha", "1.0", 'tty>4.3 ; sys_platform != "win32"', "everywhere"
    )
    new = settled(
        needs,
        package("tty", "5.0", "pty"),
        package("everywhere", "1.0", 'new ; python_version < "3.99"'),
        package("new"),
    )
    assert 'tty==5.0 ; sys_platform != "win32"\n' in new.text
    assert "everywhere==1.0\n" in new.text
    assert "new==1.0\n" in new.text


def test_a_package_that_somebody_needs_everywhere_is_needed_everywhere():
    new = settled(
        package("alpha", "1.0", 'tty ; sys_platform != "win32"'),
        package("delta-two", "3.0", "tty"),
        package("tty"),
    )
    assert "tty==1.0\n" in new.text


def test_what_a_package_of_one_system_brings_is_of_that_system():
    new = settled(package("beta", "2.0", "pty"), package("pty", "0.7"))
    assert 'pty==0.7 ; sys_platform != "no-such-system"\n' in new.text


def test_a_package_that_is_asked_for_and_not_found_is_an_error():
    with pytest.raises(BuildError, match="no version for Jinja-Like"):
        settled(without={"jinja-like"})


def test_a_file_without_the_last_section_is_an_error():
    with pytest.raises(BuildError, match="there are 0"):
        pins.parse("numpy==2.4.6\n")


@pytest.mark.parametrize("line", ["loose>=1", "", "numpy"])
def test_a_line_that_is_no_pin_in_the_last_section_is_an_error(line):
    with pytest.raises(BuildError, match="Move it up"):
        pins.parse(f"{FILE}{line}\nzeta==1.0\n")


def entry(name, version, download=None, **about):
    metadata = {"name": name, "version": version, **about}
    return {"metadata": metadata, "download_info": download or {}}


def test_pips_report_is_read_without_this_folder_cuda_and_builds():
    report = {
        "version": "1",
        "install": [
            entry("recslib", "0.1.0", {"dir_info": {"editable": True}}),
            entry("torch", "2.13.0+cpu", requires_dist=["sympy"]),
            entry("nvidia-cublas", "13.0"),
            entry("cuda-bindings", "13.0"),
            entry("triton", "3.5"),
            entry("Sympy", "1.14.0"),
        ],
    }
    assert pins.packages_of(report) == {
        "torch": pins.Package("torch", "2.13.0", ("sympy",)),
        "sympy": pins.Package("Sympy", "1.14.0"),
    }


def test_of_a_failure_pips_reason_is_told_and_not_its_progress():
    told = pins.reason(
        "Collecting a\n\nThe conflict is caused by:\n    a depends on b<2\n",
        "WARNING: a mirror is slow\nERROR: ResolutionImpossible: see docs\n",
    )
    assert told.splitlines() == [
        "The conflict is caused by:",
        "    a depends on b<2",
        "ERROR: ResolutionImpossible: see docs",
    ]
    assert pins.reason("Collecting a\n", "ERROR: No network\n") == (
        "ERROR: No network"
    )


STAYING = pins.Pin("torch", "2.13.0", "  # stays")
BOUND = pins.Pin("sphinx_book", "1.4", "  # stays <2")
MARKED = pins.Pin("tty", "4.9", ' ; sys_platform != "win32"  # why')


@pytest.mark.parametrize(
    ("pin", "upgrade", "wished"),
    [
        (STAYING, frozenset(), "torch==2.13.0"),
        (STAYING, None, "torch==2.13.0"),
        (STAYING, frozenset({"torch"}), "torch"),
        (BOUND, frozenset(), "sphinx_book==1.4"),
        (BOUND, None, "sphinx_book<2"),
        (BOUND, frozenset({"sphinx-book"}), "sphinx_book<2"),
        (MARKED, frozenset(), 'tty==4.9 ; sys_platform != "win32"'),
        (MARKED, None, 'tty ; sys_platform != "win32"'),
    ],
)
def test_a_pin_moves_where_it_may_and_is_asked_to(pin, upgrade, wished):
    assert pins.wish(pin, upgrade) == wished


@pytest.fixture
def pip(monkeypatch):
    """Stand in for pip; `pip.refuse` makes it find nothing so many times."""

    class Pip:
        refuse = 0
        asked = ()

        def __call__(self, wishes, limits):
            self.asked = (*self.asked, (list(wishes), list(limits)))
            if len(self.asked) <= self.refuse:
                raise BuildError("ERROR: ResolutionImpossible: see docs")
            found = resolution(package("alpha", "1.5")).values()
            return {"install": [entry(one.name, one.version) for one in found]}

    stand_in = Pip()
    monkeypatch.setattr(pins, "ask_pip", stand_in)
    return stand_in


def test_what_is_brought_along_is_asked_to_stay(pip):
    pins.renewed(pins.parse(FILE), frozenset())
    ((wishes, limits),) = pip.asked
    assert "-e ." in wishes
    assert "torch==2.13.0" in wishes
    assert "alpha==1.0" in limits


def test_what_cannot_stay_is_let_go_but_for_its_bounds(pip, capsys):
    pip.refuse = 1
    new = pins.renewed(pins.parse(FILE), frozenset())
    assert pip.asked[1][0] == pip.asked[0][0]
    assert pip.asked[1][1] == ["delta_two<4"]
    assert "alpha==1.5" in new.text
    assert "resolved anew" in capsys.readouterr().out


def test_a_name_without_a_pin_cannot_be_upgraded(pip):
    with pytest.raises(BuildError, match="No pin of pandsa"):
        pins.renewed(pins.parse(FILE), frozenset({"pandsa"}))
    assert pip.asked == ()


def test_the_changes_are_told_a_line_a_package():
    new = settled(
        package("Beta", "2.5"), package("zeta", "1.0"), without={"alpha"}
    )
    assert pins.changes(pins.parse(FILE), new) == [
        "alpha 1.0 is gone",
        "Beta 2.0 -> 2.5",
        "zeta 1.0 is new",
    ]


def test_pins_of_a_newer_python_come_with_a_word():
    assert pins.for_other_pythons((3, 11), ">=3.11") == ""
    told = pins.for_other_pythons((3, 13), ">=3.11")
    assert "Python 3.13" in told
    assert ">=3.11" in told


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(places, "ROOT", tmp_path)
    (tmp_path / "requirements.txt").write_text(FILE)
    shutil.copy(HOUSE / "pyproject.toml", tmp_path)
    return tmp_path


def run(monkeypatch, *arguments):
    return cli.main(["pins", *arguments])


def test_the_file_is_written_and_the_changes_are_printed(
    folder, pip, monkeypatch, capsys
):
    assert run(monkeypatch) == 0
    text = (folder / "requirements.txt").read_text()
    assert text == FILE.replace("alpha==1.0", "alpha==1.5")
    assert capsys.readouterr().out == "alpha 1.0 -> 1.5\n"
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["pyproject.toml", "requirements.txt"]


def test_where_pip_finds_nothing_the_file_is_as_it_was(
    folder, pip, monkeypatch, capsys
):
    pip.refuse = 2
    assert run(monkeypatch, "--upgrade", "1") == 1
    assert (folder / "requirements.txt").read_text() == FILE
    assert "ResolutionImpossible" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(folder, monkeypatch, capsys):
    assert run(monkeypatch, "--file", "requirments.txt") == 1
    assert re.match(
        r"There is no file requirments\.txt", capsys.readouterr().err
    )


def test_every_pin_takes_the_oldest_python_that_is_welcome():
    """Also of its repairs: Debian 12 has Python 3.11.2."""
    text = (HOUSE / "requirements.txt").read_text(encoding="utf-8")
    pinned = {canonicalize_name(n) for n in re.findall(r"(?m)^[\w.-]+", text)}
    too_new = {
        each.name: asked
        for each in metadata.distributions()
        if canonicalize_name(each.name) in pinned
        and (asked := each.metadata["Requires-Python"])
        and "3.11.0" not in SpecifierSet(asked)
    }
    assert not too_new
