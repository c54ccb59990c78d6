"""A kit is whole, the same each time, and works without a network."""

import hashlib
import os
import shutil
import sys
import sysconfig
import zipfile

import pytest

import install
import recslib
from bookbuild import BuildError, cli, notebooks, places
from bookbuild.classroom import kit, kit_check
from bookbuild.classroom.labs import labs_of, name_of
from bookbuild.classroom.packs import beside, write_folder
from bookbuild.classroom.wheels import library_wheel, targets_of
from bookbuild.lone import FOLDER


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The wheel of recslib, built once."""
    return library_wheel(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def house(monkeypatch, tmp_path, library):
    """Make kits of one package and no lab, in a folder of their own."""
    monkeypatch.setattr(places, "BUILD", tmp_path / "_build")
    monkeypatch.setattr(places, "HTML", tmp_path / "_build" / "html")
    monkeypatch.setattr(kit, "library_wheel", lambda store: library)
    monkeypatch.setattr(kit, "wheels_of", lambda *_: {"recslib": library})
    monkeypatch.setattr(kit, "chapters_to_teach", lambda: ({}, "as they are"))
    monkeypatch.setattr(kit, "check_kept", lambda book, parts: None)
    return tmp_path / "_build"


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_was_built_is_in_it_and_what_was_not_is_said(house, capsys):
    kit.make_kit()
    said = capsys.readouterr().out
    assert "Without html/: `make book`" in said
    assert "Without slides/: `python book/build.py slides`" in said
    (house / "html").mkdir()
    (house / "html/index.html").write_text("a page")
    (house / "classroom/slides").mkdir(parents=True)
    spoken = '<aside class="notes">what to say</aside>'
    (house / "classroom/slides/first.html").write_text(f"a slide{spoken}")
    kit.make_kit()
    assert "Without" not in capsys.readouterr().out
    found = contents(house / "kit")
    assert found["html/index.html"] == b"a page"
    assert found["slides/first.html"] == b"a slide"
    assert {
        "README.md",
        "book/install.py",
        "book/doctor.py",
        "recslib/models.py",
        "requirements.txt",
        "wheels/made-for.txt",
    } <= set(found)
    assert found["README.md"] == (places.ROOT / kit.READ_ME).read_bytes()
    pinned = f"recslib=={recslib.__version__}\n"
    assert found["requirements.txt"].decode().endswith(pinned)


def test_every_file_is_listed_with_its_sum_and_two_kits_are_the_same(house):
    kit.make_kit()
    first = (house / "kit.zip").read_bytes()
    found = contents(house / "kit")
    lines = found.pop("SHA256SUMS").decode().splitlines()
    listed = dict(reversed(line.split("  ", 1)) for line in lines)
    assert list(listed) == sorted(listed)
    assert listed == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in found.items()
    }
    kit.make_kit()
    assert (house / "kit.zip").read_bytes() == first


def test_the_archive_is_the_folder(house):
    kit.make_kit()
    with zipfile.ZipFile(house / "kit.zip") as packed:
        assert packed.testzip() is None
        inside = {name: packed.read(name) for name in packed.namelist()}
    assert inside == {
        f"{FOLDER}/{name}": content
        for name, content in contents(house / "kit").items()
    }


@pytest.mark.data
def test_data_come_with_their_terms_and_never_into_the_archive(house, capsys):
    kit.make_kit()
    said = capsys.readouterr().out
    assert "do not pass it on" in said
    assert "make kit DATA=yes" in said
    assert not (house / "kit/data").exists()
    assert cli.main(["kit", "--with-data"]) == 0
    assert "do not pass it on" in capsys.readouterr().out
    there = contents(house / "kit/data")
    assert "Do not pass this folder on" in there.pop("TERMS.txt").decode()
    (archive,) = there
    assert archive in ("ml-100k.zip", "recbole-1.2.1-py3-none-any.whl")
    with zipfile.ZipFile(house / "kit.zip") as packed:
        assert not [n for n in packed.namelist() if "/data/" in n]
    assert "data/" not in (house / "kit/SHA256SUMS").read_text()


def test_a_kit_that_cannot_be_made_leaves_the_one_that_was_there(
    house, monkeypatch
):
    kit.make_kit()
    before = contents(house)

    def fails(*_):
        raise BuildError("pip download failed")

    monkeypatch.setattr(kit, "wheels_of", fails)
    with pytest.raises(BuildError, match="pip download"):
        kit.make_kit()
    assert contents(house) == before


def test_too_little_space_is_said_before_anything_is_fetched(
    house, monkeypatch, capsys
):
    kit.check_room(3.3e9, 2)
    monkeypatch.setattr(kit.shutil, "disk_usage", lambda _: FULL)
    assert cli.main(["kit", "--systems", "linux", "macos"]) == 1
    said = capsys.readouterr().err
    assert "0.1 GB are free" in said
    assert "takes 3.3" in said
    assert not house.exists()


class FULL:
    free = 1e8


def test_checking_a_kit_that_is_not_there_names_what_makes_one(house, capsys):
    assert cli.main(["kitcheck"]) == 1
    assert "`make kit`" in capsys.readouterr().err


@pytest.fixture
def small(monkeypatch, tmp_path, library):
    """A kit as it is unpacked, which brings recslib alone."""
    wheels = {targets_of([], [])[0]: {"recslib": library}}
    write_folder(beside(), tmp_path)
    write_folder(kit.own_files(wheels), tmp_path)
    shutil.copy(library, tmp_path / "wheels")
    kit.write_sums(tmp_path)
    for name in ("ROOT", "WHEELS", "MADE_FOR", "SUMS", "VENV", "STAMP"):
        inside = getattr(install, name).relative_to(places.ROOT)
        monkeypatch.setattr(install, name, tmp_path / inside)
    return tmp_path


def test_a_damaged_or_missing_package_is_named(small, library):
    install.check_wheels()
    wheel = small / "wheels" / library.name
    wheel.write_bytes(wheel.read_bytes()[:-1])
    with pytest.raises(install.MachineError, match=r"\.whl is damaged: copy"):
        install.check_wheels()
    wheel.unlink()
    with pytest.raises(install.MachineError, match=r"\.whl is missing: copy"):
        install.check_wheels()


@pytest.mark.parametrize(
    ("python", "machine", "said"),
    [
        ((3, 99, 1), install.machine_words(), "Run this with Python 3."),
        ((3, 11, 1), "sunos sparc", "Ask your teacher for a kit"),
    ],
)
def test_a_kit_for_other_machines_says_which_they_are(
    small, python, machine, said
):
    with pytest.raises(install.MachineError) as told:
        install.check_made_for(python, machine)
    assert said in str(told.value)
    assert targets_of([], [])[0].words in str(told.value)
    install.check_made_for(sys.version_info, install.machine_words())


def test_a_notebook_that_is_not_there_is_told_before_installing(
    small, monkeypatch, capsys
):
    (small / "labs").mkdir()
    (small / "labs/0-01_first.ipynb").write_text("{}")
    monkeypatch.setattr(install, "install", lambda cpu: pytest.fail("began"))
    monkeypatch.setattr(sys, "argv", ["install.py", "--open", "labs/first"])
    assert install.main() == 1
    assert "There are: labs/0-01_first.ipynb." in capsys.readouterr().err


def test_a_notebook_is_opened_when_all_is_installed(small, monkeypatch):
    (small / "labs").mkdir()
    (small / "labs/0-01_first.ipynb").write_text("{}")
    ran = []
    monkeypatch.setattr(install, "install", lambda cpu: ran.append("install"))
    monkeypatch.setattr(
        install.subprocess, "run", lambda c, **_: ran.append(c)
    )
    name = "labs/0-01_first.ipynb"
    monkeypatch.setattr(sys, "argv", ["install.py", "--open", name])
    assert install.main() == 0
    python = str(install.venv_python())
    path = str(small / name)
    assert ran == ["install", [python, "-m", "jupyterlab", path]]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="links of a POSIX system")
def test_a_kit_installs_and_a_lab_says_not_yet_and_pass(
    small, monkeypatch, book
):
    # All but recslib comes from here, which saves minutes: the whole kit is
    # tried by `make kit-check`.
    install.make_venv()
    (site,) = (small / ".venv").glob("lib/python*/site-packages")
    for own in site.glob("setuptools*"):  # older than torch wants
        shutil.rmtree(own)
    here = sysconfig.get_path("purelib")
    (site / "packages.pth").write_text(f"{here}\n")
    monkeypatch.setattr(
        kit_check, "chapters_to_teach", lambda: (book, "as committed")
    )
    exercise = kit_check.first_exercise()
    name = name_of(exercise)
    (lab,) = (
        labs[name]
        for labs in (labs_of(*chapter) for chapter in book.items())
        if name in labs
    )
    (small / "labs").mkdir()
    notebooks.write(lab, small / "labs" / f"{name}.ipynb")
    installed, stub, solved = kit_check.try_kit(small, exercise)
    assert installed == "Installed: No broken requirements found."
    assert "Not yet" in stub
    assert solved.endswith("Pass.")
    assert list(site.glob("recslib-*.dist-info"))
    spec = small / ".venv/share/jupyter/kernels/python3/kernel.json"
    assert '"OMP_NUM_THREADS": "1"' in spec.read_text()
