"""What make runs, and when: with a stand-in for Python that notes its calls.

The stand-in writes what the real steps would write, in milliseconds.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAND_IN = r"""#!/bin/sh
echo "$@" >> calls
case "$*" in
*install.py*) mkdir -p .venv && touch .venv/installed ;;
*-m\ venv*) mkdir -p "$3" ;;
*" execute "*)
    if [ -e broken ]; then exit 1; fi
    mkdir -p _build/executed
    cp "$3" "_build/executed/$(basename "$3")" ;;
*build.py\ scripts)
    mkdir -p _build/scripts && touch _build/scripts/films.js ;;
*" html"*) mkdir -p _build/html && touch _build/html/index.html ;;
esac
"""

BENCH_PYTHONS = (
    "BENCH_PY=./python",
    "LIBRECOMMENDER_PY=./python",
    "RECBOLE_PY=./python",
)

pytestmark = pytest.mark.skipif(
    shutil.which("make") is None, reason="this system has no make"
)


class House:
    """A small copy of the repository in which make can be watched."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copy(ROOT / "Makefile", folder)
        for name in (
            "requirements.txt",
            "benchmarks/requirements.txt",
            "benchmarks/requirements-librecommender.txt",
            "benchmarks/requirements-recbole.txt",
            "book/classroom/hub/requirements.txt",
            "_config.yml",
            "_toc.yml",
            "book/index.md",
            "benchmarks/results/folds.json",
            "recslib/models.py",
            "notebooks/01_first.ipynb",
            "notebooks/02_second.ipynb",
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("as it was\n")
        self.stand_in("python", STAND_IN)
        self.has_cores(1)

    def stand_in(self, name, script):
        """Put a script of the shell where make finds it."""
        path = self.folder / name
        path.write_text(script)
        path.chmod(0o755)

    def has_cores(self, number):
        """Let the machine say that it has so many cores."""
        self.stand_in("getconf", f"#!/bin/sh\necho {number}\n")

    def make(self, *arguments):
        """Run make; return its exit status and the steps that it ran."""
        calls = self.folder / "calls"
        calls.write_text("")
        pythons = ["PYTHON=./python", "PY=./python", "HUB_PY=./python"]
        command = ["make", *pythons, *arguments]
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("MAKE", "MFLAGS", "PYTHON", "CPU", "CORES"))
        }
        environment["PATH"] = f"{self.folder}{os.pathsep}{environment['PATH']}"
        run = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        self.printed = run.stdout + run.stderr
        return run.returncode, calls.read_text().splitlines()

    def change(self, name):
        """Touch a file, a while after all that happened so far."""
        for path in self.folder.rglob("*"):
            earlier = path.stat().st_mtime_ns - 10**10
            os.utime(path, ns=(earlier, earlier))
        os.utime(self.folder / name)


EXECUTE = "book/build.py execute notebooks/{}.ipynb"
FIRST, SECOND = EXECUTE.format("01_first"), EXECUTE.format("02_second")
HTML = "book/build.py html"
SCRIPTS = "book/build.py scripts"


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
def built(house):
    status, _ = house.make("book")
    assert status == 0
    return house


def test_a_bare_clone_is_set_up_then_run_then_built(house):
    status, calls = house.make("book")
    assert status == 0
    assert calls == [
        "book/install.py",
        "-m recslib.movielens 100k",
        SECOND,
        FIRST,
        SCRIPTS,
        HTML,
    ]
    assert house.printed.splitlines()[-2:] == [
        f"The book: {house.folder.resolve()}/_build/html/index.html",
        "Open that file in a browser, or run: make serve",
    ]


def test_nothing_runs_again_when_nothing_changed(built):
    assert built.make("book") == (0, [])


def test_one_touched_notebook_runs_alone(built):
    built.change("notebooks/02_second.ipynb")
    assert built.make("book") == (0, [SECOND, HTML])
    assert built.make("book") == (0, [])


@pytest.mark.parametrize(
    "page",
    [
        "book/index.md",
        "_config.yml",
        "_toc.yml",
        "benchmarks/results/folds.json",
    ],
)
def test_a_changed_page_runs_no_notebook(built, page):
    built.change(page)
    assert built.make("book") == (0, [HTML])


def test_a_change_in_recslib_runs_every_notebook(built):
    built.change("recslib/models.py")
    assert built.make("book") == (0, [SECOND, FIRST, SCRIPTS, HTML])


def test_a_changed_requirement_installs_and_runs_every_notebook(built):
    built.change("requirements.txt")
    steps = ["book/install.py", SECOND, FIRST, SCRIPTS, HTML]
    assert built.make("book") == (0, steps)


def test_a_notebook_that_fails_leaves_nothing_that_looks_done(house):
    (house.folder / "broken").touch()
    status, calls = house.make("book")
    assert status != 0
    assert HTML not in calls
    (house.folder / "broken").unlink()
    status, calls = house.make("book")
    assert (status, calls) == (0, [SECOND, FIRST, SCRIPTS, HTML])


@pytest.mark.parametrize("given", [["-j2"], []])
def test_side_by_side_does_the_same_steps(house, given):
    house.has_cores(2)
    status, calls = house.make(*given, "book")
    assert status == 0
    assert calls[:2] == ["book/install.py", "-m recslib.movielens 100k"]
    assert sorted(calls[2:5]) == [FIRST, SECOND, SCRIPTS]
    assert calls[5:] == [HTML]


# A notebook's run waits here for another, a second at most.
MEETING = """
case "$*" in *" execute "*)
    echo "$OMP_NUM_THREADS" >> threads
    touch "$3.here"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        if [ "$(ls notebooks/*.here | wc -l)" -eq 2 ]; then
            touch met
            sleep 0.2
            break
        fi
        sleep 0.1
    done
    rm "$3.here" ;;
esac
"""


@pytest.fixture
def notebooks_meet(built):
    """Tell whether two notebooks ran at the same time."""
    built.stand_in("python", STAND_IN + MEETING)

    def meet(*arguments, cores):
        built.has_cores(cores)
        built.change("recslib/models.py")
        (built.folder / "met").unlink(missing_ok=True)
        status, _ = built.make(*arguments)
        assert status == 0
        return (built.folder / "met").exists()

    meet.folder = built.folder
    return meet


@pytest.mark.parametrize("target", ["book", "notebooks", "results", "pdf"])
def test_two_cores_run_two_notebooks_at_a_time(notebooks_meet, target):
    assert notebooks_meet(target, cores=2)
    threads = (notebooks_meet.folder / "threads").read_text().split()
    assert threads == ["1", "1"]


def test_the_tests_run_two_notebooks_at_a_time(notebooks_meet):
    assert notebooks_meet("test", cores=8)


def test_one_core_runs_one_notebook_at_a_time(notebooks_meet):
    assert not notebooks_meet("book", cores=1)


# -j1 says the same to a make of today; the one of macOS does not pass it on.
def test_one_at_a_time_where_you_say_so(notebooks_meet):
    assert not notebooks_meet("CORES=1", "book", cores=2)


def test_two_at_a_time_on_one_core_where_you_say_so(notebooks_meet):
    assert notebooks_meet("-j2", "book", cores=1)


def test_a_dry_run_shows_every_step_and_takes_none(house):
    house.has_cores(2)
    status, calls = house.make("-n", "book")
    assert (status, calls) == (0, [])
    for step in (FIRST, SECOND, HTML):
        assert step in house.printed


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [([], ""), (["CPU=1"], " --cpu"), (["CPU=0"], " --no-cpu")],
)
def test_the_build_of_pytorch_is_the_machines_choice_or_yours(
    house, given, passed_on
):
    assert house.make(*given, "setup") == (0, [f"book/install.py{passed_on}"])


def test_refreshing_runs_every_notebook_although_none_is_stale(built):
    status, calls = built.make("notebooks")
    assert status == 0
    assert calls == [SECOND, FIRST, "book/build.py refresh"]


def test_numbers_are_renewed_without_a_run(built):
    built.change("notebooks/01_first.ipynb")
    assert built.make("numbers") == (0, ["book/build.py numbers"])


def test_what_the_scripts_need_is_computed_again_where_it_is_gone(built):
    (built.folder / "_build/scripts/films.js").unlink()
    assert built.make("book") == (0, [SCRIPTS, HTML])


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ([], ""),
        (["UPGRADE=1"], " --upgrade 1"),
        (["UPGRADE=pandas numpy"], " --upgrade pandas numpy"),
        (
            ["FILE=benchmarks/requirements.txt"],
            " --file benchmarks/requirements.txt",
        ),
    ],
)
def test_pins_are_settled_although_they_cannot_be_installed(
    built, given, passed_on
):
    built.change("requirements.txt")
    calls = [f"book/build.py pins{passed_on}"]
    assert built.make("pins", *given) == (0, calls)


def test_results_need_the_notebooks_and_no_html(house):
    status, calls = house.make("results")
    assert status == 0
    assert calls[-3:] == [SECOND, FIRST, "book/build.py results"]


def test_the_pdf_is_printed_from_the_built_book(house):
    status, calls = house.make("pdf")
    assert status == 0
    assert calls[-2:] == [HTML, "book/build.py pdf --paper A4"]


def test_the_pdf_of_a_built_book_is_printed_alone(built):
    printed = ["book/build.py pdf --paper letter"]
    assert built.make("pdf", "PAPER=letter") == (0, printed)


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ([], ""),
        (
            ["SYSTEMS=linux macos", "PYTHONS=3.11 3.12"],
            " --systems linux macos --pythons 3.11 3.12",
        ),
        (["DATA=yes"], " --with-data"),
        (["DATA=no"], ""),
    ],
)
def test_a_kit_is_for_the_systems_that_you_name(built, given, passed_on):
    assert built.make("kit", *given) == (0, [f"book/build.py kit{passed_on}"])


def test_a_kit_is_tried_by_a_command_of_its_own(built):
    assert built.make("kit-check") == (0, ["book/build.py kitcheck"])


def test_a_machine_is_looked_at_before_anything_is_installed(house):
    house.stand_in(
        "python", '#!/bin/sh\necho "$@" "${OMP_NUM_THREADS-none}" >> calls\n'
    )
    assert house.make("doctor") == (0, ["book/doctor.py none"])


def test_a_python_that_make_starts_keeps_what_it_compiles(house, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    house.stand_in(
        "python",
        '#!/bin/sh\necho "$@" "${PYTHONDONTWRITEBYTECODE-kept}" >> calls\n',
    )
    assert house.make("doctor") == (0, ["book/doctor.py kept"])


def test_the_benchmark_is_set_up_once_in_environments_of_its_own(house):
    ours = "benchmarks/.venv"
    own = [f"{ours}-librecommender", f"{ours}-recbole"]
    for venv in (ours, *own):
        (house.folder / venv).mkdir()
    install = "-m pip install --requirement benchmarks/requirements"
    house.make("setup")
    names = (
        *("folds", "sequences", "growth", "processes", "scales"),
        *("list_choices", "lists", "list_growth", "nested"),
    )
    fits = [f"-m benchmarks.{name}" for name in names]
    fits.append("book/build.py readme")
    status, calls = house.make("bench", *BENCH_PYTHONS)
    assert status == 0
    assert calls == [
        f"-m venv {ours}",
        f"{install}.txt",
        f"-m venv {own[0]}",
        f"{install}-librecommender.txt",
        f"-m venv {own[1]}",
        f"{install}-recbole.txt",
        *fits,
    ]
    assert house.make("bench", *BENCH_PYTHONS) == (0, fits)


@pytest.mark.parametrize("peer", ["LibRecommender", "RecBole"])
def test_a_peer_that_cannot_be_installed_is_reported_and_left_out(house, peer):
    for venv in (".venv", ".venv-librecommender", ".venv-recbole"):
        (house.folder / "benchmarks" / venv).mkdir()
    house.make("setup")
    python = house.folder / "python"
    fails = f'case "$*" in *pip*{peer.lower()}.txt) exit 1; esac\n'
    python.write_text(python.read_text() + fails)
    status, calls = house.make("bench", *BENCH_PYTHONS)
    assert status == 0
    assert f"{peer} could not be installed" in house.printed
    assert calls[-1] == "book/build.py readme"
    own = house.folder / "benchmarks" / f".venv-{peer.lower()}"
    assert not (own / "installed").exists()


def test_without_the_other_peers_there_is_no_benchmark(house):
    (house.folder / "benchmarks" / ".venv").mkdir()
    python = house.folder / "python"
    python.write_text(python.read_text() + 'case "$*" in *pip*) exit 1; esac')
    status, calls = house.make("bench", "BENCH_PY=./python")
    assert status != 0
    assert len(calls) == 2


def test_clean_keeps_what_was_installed(built):
    assert built.make("clean") == (0, [])
    assert (built.folder / ".venv" / "installed").exists()
    assert not (built.folder / "_build").exists()


def test_a_missing_python_is_the_first_line_printed(house):
    status, calls = house.make("PYTHON=./no-such-python", "book")
    assert status != 0
    assert calls == []
    assert house.printed.startswith(
        "Python 3.11 or newer is needed, and there is no './no-such-python'."
    )


def test_make_alone_prints_one_line_of_help_for_each_target(house):
    status, calls = house.make()
    assert (status, calls) == (0, [])
    lines = house.printed.splitlines()
    assert {line.split()[1] for line in lines} == {
        "setup",
        "book",
        "test",
        "test-quick",
        "lab",
        "serve",
        "pdf",
        "notebooks",
        "numbers",
        "results",
        "readme",
        "classroom",
        "kit",
        "kit-check",
        "doctor",
        "hub",
        "hub-check",
        "chapter",
        "pins",
        "address",
        "bench-setup",
        "bench",
        "seeds",
        "clean",
    }
    assert len({line.split()[1] for line in lines}) == len(lines)


def test_the_tests_fail_when_a_step_of_them_fails(built):
    python = built.folder / "python"
    python.write_text(python.read_text() + 'case "$*" in *ruff*) exit 3; esac')
    status, calls = built.make("test")
    assert status != 0
    assert calls[-1] == "-m ruff check ."


def test_make_test_covers_lint_units_book_nbval_and_pages_in_order(built):
    built.change("_config.yml")
    status, calls = built.make("test")
    assert status == 0
    words = [
        "-m venv .venv-hub",
        "-m pip install --requirement book/classroom/hub/requirements.txt",
        "ruff",
        "--ignore=tests/book",
        HTML,
        "pytest -n1 --dist loadgroup tests/notebooks",
        "build.py short",
        "_build/short/02_second.ipynb",
        "_build/short/01_first.ipynb",
        "pytest -n2 --dist loadfile tests/book",
    ]
    assert len(calls) == len(words)
    for word, call in zip(words, calls, strict=True):
        assert word in call
    assert sum("--nbval " in call for call in calls) == 2


def test_make_test_runs_every_test_and_none_twice(built):
    status, calls = built.make("test")
    assert status == 0
    ran = [set(call.split()) for call in calls if "pytest -n" in call]
    first, *others = [
        {word for word in words if word.startswith("tests")} for words in ran
    ]
    left_out = [
        word.removeprefix("--ignore=")
        for word in sorted(ran[0])
        if word.startswith("--ignore=")
    ]
    assert first == {"tests"}
    assert sorted(path for paths in others for path in paths) == left_out
    assert all((ROOT / path).exists() for path in left_out)


def test_a_notebook_that_prints_something_else_stops_make_test(built):
    built.stand_in(
        "python",
        STAND_IN.replace(
            "case", 'case "$*" in *short/01*) exit 1;; esac; case'
        ),
    )
    status, calls = built.make("test")
    assert status != 0
    assert "short/01_first.ipynb" in calls[-1]


def test_both_environments_of_the_tests_are_made_at_once_and_once(house):
    house.has_cores(2)
    met = """
if [ "$1" = book/install.py ]; then
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        if [ -d .venv-hub ]; then touch met; break; fi
        sleep 0.1
    done
fi
"""
    house.stand_in("python", STAND_IN + met)
    assert house.make("test")[0] == 0
    assert (house.folder / "met").exists()
    _, calls = house.make("test")
    assert calls[0] == "-m ruff check ."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_clean_removes_what_nobody_may_write_to(built):
    cache = built.folder / "_build" / "hub" / "cache"
    cache.mkdir(parents=True)
    (cache / "ratings").write_text("kept for a class")
    cache.chmod(0o555)
    assert built.make("clean") == (0, [])
    assert not (built.folder / "_build").exists()
