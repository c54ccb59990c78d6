"""A kit has what its systems need, whatever this one is."""

import zipfile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import install
from bookbuild import BuildError
from bookbuild.classroom import wheels
from bookbuild.classroom.wheels import Target

LINUX, WINDOWS = Target("linux", "3.11"), Target("windows", "3.12")
# Package, version, and what it needs.
INDEX = {
    "jupyterlab": ("4.1", ["server>=2", 'winpty>=1 ; os_name == "nt"']),
    "ipykernel": ("7.0", ['appnope ; platform_system == "Darwin"']),
    "ipywidgets": ("8.0", ['pytest ; extra == "test"']),
    "server": ("2.5", ["Schema[format]>=3", "jupyterlab>=4"]),
    "schema": ("3.1", ['names>1 ; extra == "format"', "ipykernel"]),
    "names": ("1.5", ['old ; python_version < "3.12"']),
    "winpty": ("1.2", []),
    "old": ("0.1", []),
}


def write_wheel(folder, name, version, needs):
    name = name.replace("-", "_")
    path = folder / f"{name}-{version}-py3-none-any.whl"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {each}" for each in needs]
    with zipfile.ZipFile(path, "w") as packed:
        inside = f"{name}-{version}.dist-info/METADATA"
        packed.writestr(inside, "\n".join(lines) + "\n")
    return path


@pytest.fixture
def index(monkeypatch, tmp_path):
    """Stand in for pip with a few packages; note what it is asked for."""
    packages, asked = dict(INDEX), []

    def fetched(wishes, target, folder):
        asked.extend(wishes)
        names = [canonicalize_name(Requirement(w).name) for w in wishes]
        return {
            name: write_wheel(folder, name, *packages[name]) for name in names
        }

    monkeypatch.setattr(wheels, "fetched", fetched)
    library = write_wheel(tmp_path, "recslib", "0.1", ["ipywidgets"])

    def needed(target, pins=()):
        return wheels.wheels_of(target, library, tmp_path, dict(pins))

    needed.packages, needed.asked = packages, asked
    return needed


COMMON = {
    *("recslib", "jupyterlab", "ipykernel", "ipywidgets"),
    *("server", "schema", "names"),
}


def test_a_target_gets_what_its_markers_ask_for(index):
    assert set(index(LINUX)) == COMMON | {"old"}
    assert set(index(WINDOWS)) == COMMON | {"winpty"}
    assert list(index(LINUX)) == sorted(index(LINUX))


def test_an_extra_that_nobody_asks_for_brings_nothing(index):
    assert "pytest" not in index(LINUX)


def test_pins_are_asked_for_and_others_within_their_bounds(index):
    index(LINUX, {"server": "2.5"})
    assert "server==2.5" in index.asked
    assert "schema>=3" in index.asked
    assert "names>1" in index.asked


def test_what_does_not_fit_together_is_named(index):
    index.packages["names"] = ("1.0", [])
    with pytest.raises(BuildError, match=r"names 1\.0 does not fit names>1"):
        index(LINUX)


def test_a_pytorch_with_cuda_is_refused_with_where_the_other_is(index):
    index.packages["names"] = ("1.5", ["nvidia-cudnn"])
    index.packages["nvidia-cudnn"] = ("9", [])
    with pytest.raises(BuildError, match="whl/cpu"):
        index(LINUX)


def test_the_requirements_of_a_kit_say_what_is_for_whom(index):
    text = wheels.requirements_of(
        {target: index(target) for target in (LINUX, WINDOWS)}
    )
    lines = text.splitlines()
    assert "server==2.5" in lines
    (old,) = [line for line in lines if line.startswith("old")]
    (winpty,) = [line for line in lines if line.startswith("winpty")]
    for line, yes, no in ((old, LINUX, WINDOWS), (winpty, WINDOWS, LINUX)):
        marker = Requirement(line).marker
        assert marker.evaluate(yes.environment)
        assert not marker.evaluate(no.environment)


def test_the_versions_of_a_build_for_processors_are_those_of_the_pins(index):
    index.packages["names"] = ("1.5+cpu", [])
    text = wheels.requirements_of({LINUX: index(LINUX)})
    assert "names==1.5\n" in text


def test_nobody_named_is_this_machine_and_every_target_is_once():
    (here,) = wheels.targets_of([], [])
    assert here.words.endswith(install.machine_words())
    asked = wheels.targets_of(["linux", "macos"], ["3.11", "3.12", "3.12"])
    assert [each.words for each in asked] == [
        "3.11 linux x86_64",
        "3.12 linux x86_64",
        "3.11 darwin arm64",
        "3.12 darwin arm64",
    ]


@pytest.mark.parametrize(
    ("systems", "pythons", "said"),
    [
        (["beos"], [], "linux, linux-arm64, macos, windows"),
        (["linux"], ["3.9"], "3.11 or newer"),
        (["linux"], ["three"], "'three'"),
    ],
)
def test_a_target_that_no_kit_has_is_refused(systems, pythons, said):
    with pytest.raises(BuildError, match=said):
        wheels.targets_of(systems, pythons)


def test_an_unknown_machine_is_told_what_it_may_name(monkeypatch):
    monkeypatch.setattr(install, "machine_words", lambda: "sunos sparc")
    with pytest.raises(BuildError, match="SYSTEMS='linux linux-arm64"):
        wheels.this_system()


@pytest.mark.parametrize(
    ("system", "machine", "words"),
    [
        ("win32", "AMD64", "win32 x86_64"),
        ("linux", "aarch64", "linux arm64"),
        ("darwin", "arm64", "darwin arm64"),
    ],
)
def test_install_calls_machines_as_kits_do(system, machine, words):
    assert install.machine_words(system, machine) == words
    known = {f"{s.platform} {s.machine}" for s in wheels.SYSTEMS.values()}
    assert words in known


def test_every_pin_of_the_book_has_one_version():
    pins = wheels.pinned()
    assert {"torch", "jupyterlab", "ipykernel", "ipywidgets"} <= set(pins)
