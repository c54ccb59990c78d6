"""What the repository says about itself is so."""

import re
import shutil
import subprocess
import sys

import pytest
import yaml

import recslib
from bookbuild import places, readme
from recslib import movielens

ROOT = places.ROOT
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml"))
TELLING = ["README.md", "book/setup.md", "book/results.md", ".ci/run"]
TELLING += ["book/teachers.md", "book/classroom/hub.md"]
TELLING += ["book/classroom/room.md", "book/classroom/quizzes.md"]
TELLING += [path.relative_to(ROOT).as_posix() for path in WORKFLOWS]
# What lies at top level and is not on README's map, and why it lies there.
OFF_THE_MAP = {
    "README.md": "holds the map",
    "LICENSE": "where code hosts look for the licence of the code",
    "LICENSE-text": "the licence of text and figures, beside it",
    "CITATION.cff": "where code hosts look for how to cite",
    "SECURITY.md": "where code hosts look for how to report a weakness",
    ".gitignore": "where git looks",
    ".dockerignore": "where Docker looks",
}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def workflow(name):
    return yaml.safe_load(read(f".github/workflows/{name}.yml"))


def test_the_readmes_tables_are_what_the_committed_results_say():
    for path, text in readme.readmes().items():
        assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", TELLING)
def test_every_make_target_that_is_named_exists(name):
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    named = re.findall(
        r"(?:`|^|run: )make(?: [A-Z]+=\S+)* ([a-z-]+)",
        read(name),
        re.MULTILINE,
    )
    assert set(named) <= targets


def test_every_build_command_that_is_named_exists():
    told = subprocess.run(
        [sys.executable, "book/build.py", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (commands,) = re.findall(r"^  \{(.+)\}$", told, re.MULTILINE)
    for name in ["Makefile", *TELLING]:
        named = re.findall(r"book/build\.py ([a-z]+)", read(name))
        assert set(named) <= set(commands.split(",")), name


def on_the_map():
    """Return the names on README's map "Where things are", in its order."""
    blocks = re.findall(r"^```\n(.*?)^```$", read("README.md"), re.M | re.S)
    (house,) = [block for block in blocks if block.startswith("Makefile")]
    rows = [line.split("  ")[0] for line in house.splitlines()]
    return [name for row in rows for name in row.split(", ")]


def test_everything_on_the_readmes_map_exists():
    for name in on_the_map():
        assert (ROOT / name).exists(), name


def test_nothing_lies_at_top_level_that_neither_map_nor_list_knows():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("git does not say here what belongs to the repository")
    command = ["git", "ls-files", "-z"]
    tracked = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    found = {path.split("/")[0] for path in tracked.split("\0") if path}
    known = {name.split("/")[0] for name in on_the_map()} | set(OFF_THE_MAP)
    assert found - known == set(), "say on README's map what it is for"
    assert set(OFF_THE_MAP) <= found, "these are gone: shorten OFF_THE_MAP"


def test_the_newest_version_is_the_same_wherever_it_is_written():
    changelog = read("CHANGELOG.md")
    headings = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    assert headings[0] == "Unreleased"
    version, _, date = headings[1].partition(" - ")
    cited = yaml.safe_load(read("CITATION.cff"))
    assert version == cited["version"] == recslib.__version__
    assert date == cited["date-released"]


def test_versions_and_their_dates_fall():
    released = re.findall(
        r"^## (\d+)\.(\d+)\.(\d+) - (\d{4}-\d\d-\d\d)$",
        read("CHANGELOG.md"),
        re.MULTILINE,
    )
    numbers = [tuple(map(int, row[:3])) for row in released]
    dates = [row[3] for row in released]
    assert numbers == sorted(set(numbers), reverse=True)
    assert dates == sorted(dates, reverse=True)


def test_the_readme_has_two_commands_before_anything_else():
    first = re.search(r"^```\n(.*?)^```$", read("README.md"), re.M | re.S)
    commands = [line.split()[:2] for line in first.group(1).splitlines()]
    assert commands == [["make", "book"], ["make", "test"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit_and_says_its_version(path):
    uses = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert uses
    for action in uses:
        pinned = r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
        assert re.fullmatch(pinned, action), action


def test_one_action_has_one_version_in_all_workflows():
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    uses = set(re.findall(r"uses: (.+)", text))
    assert len({action.split("@")[0] for action in uses}) == len(uses)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_every_issue_form_asks_under_names_of_its_own(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form)
    asked = [part for part in form["body"] if part["type"] != "markdown"]
    labels = [part["attributes"]["label"] for part in asked]
    ids = [part["id"] for part in asked]
    assert len(set(labels)) == len(labels) == len(set(ids))
    needed = [part.get("validations", {}).get("required") for part in asked]
    assert any(needed)


def test_a_command_that_fails_comes_with_all_that_one_needs_to_see_it():
    form = yaml.safe_load(read(".github/ISSUE_TEMPLATE/2-command.yml"))
    required = {
        part["id"]
        for part in form["body"]
        if part.get("validations", {}).get("required")
    }
    assert {"system", "python", "command", "output"} <= required


def test_dependabot_holds_what_a_person_has_to_decide():
    updates = yaml.safe_load(read(".github/dependabot.yml"))["updates"]
    by_kind = {update["package-ecosystem"]: update for update in updates}
    assert set(by_kind) == {"pip", "github-actions"}
    held = {
        rule["dependency-name"]: rule.get("versions")
        for rule in by_kind["pip"]["ignore"]
    }
    stay = re.findall(
        r"^([\w.-]+)==\S+.*# stays(?: <(\S+))?$",
        read("requirements.txt"),
        re.MULTILINE,
    )
    assert {"jupyter-book", "torch"} <= {name for name, _ in stay}
    for name, bound in stay:
        # Where no versions are named, none is offered.
        assert held[name] == ([f">={bound}"] if bound else None)


def test_only_the_published_book_may_write_to_pages():
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        assert ("pages: write" in text) == (path.stem == "pages")
        assert workflow(path.stem)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_checkout_leaves_credentials_behind(path):
    jobs = workflow(path.stem)["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    checkouts = [step for step in steps if "checkout@" in step.get("uses", "")]
    assert checkouts
    for step in checkouts:
        assert step["with"]["persist-credentials"] is False


def test_known_weaknesses_of_every_pin_are_looked_for_each_week():
    steps = workflow("weekly")["jobs"]["audit"]["steps"]
    commands = "\n".join(step.get("run", "") for step in steps)
    assert "pip_audit --no-deps" in commands
    assert "requirements.txt" in commands


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_package_comes_from_whichever_index_has_it(path):
    text = path.read_text(encoding="utf-8").lower().replace("_", "-")
    assert "extra-index-url" not in text


def test_the_terms_of_the_data_are_told_wherever_they_are_fetched():
    for told in (
        movielens.GROUPLENS.terms,
        read("README.md"),
        read("book/setup.md"),
        read("SECURITY.md"),
    ):
        words = " ".join(told.split())
        assert re.search(r"research", words)
        assert re.search(r"redistribution|pass it on", words)


def test_every_push_is_tested_on_linux_and_macos():
    text = workflow("test")
    # YAML 1.1 reads the key `on` as true.
    assert {"push", "pull_request"} <= set(text[True])
    systems = text["jobs"]["test"]["strategy"]["matrix"]["os"]
    assert {"ubuntu-latest", "macos-latest"} <= set(systems)


def test_ci_runs_the_readmes_test_command_and_forbids_skipping():
    script = read(".ci/run")
    assert script.rstrip().endswith("\nmake test")
    assert "set -euo pipefail" in script
    steps = workflow("test")["jobs"]["test"]["steps"]
    (environment,) = [step["env"] for step in steps if "env" in step]
    for needed in ("REQUIRE_BROWSER", "REQUIRE_SPELLING", "REQUIRE_HUB"):
        assert f"{needed}=1" in script
        assert environment[needed] == "1"
