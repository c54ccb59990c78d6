"""What makes an image holds to the pins, and to what an image should be.

There is no daemon in the tests: hadolint finds nothing in this file, and its
steps were run by hand.
"""

import json
import re

import pytest

from bookbuild import places

FOLDER = places.ROOT / ".devcontainer"


@pytest.fixture(scope="module")
def steps():
    """The instructions of the Dockerfile: a word, and what follows it."""
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    rows = [line.split(maxsplit=1) for line in joined.splitlines() if line]
    return [(word, " ".join(rest.split())) for word, rest in rows]


def of(steps, word):
    return [rest for each, rest in steps if each == word]


def test_every_image_is_named_by_version(steps):
    oldest = "3.11"
    images = [rest.split()[0] for rest in of(steps, "FROM")]
    assert images and len(set(images)) == 1
    assert re.fullmatch(rf"python:{oldest}-slim-\w+", images[0])


def test_every_package_comes_from_the_pins(steps):
    installs = [run for run in of(steps, "RUN") if "pip install" in run]
    pins, projects = installs
    assert "grep -v '^-e ' requirements.txt > pins.txt" in pins
    assert "--requirement pins.txt" in pins
    assert "--no-deps" in projects and "--no-build-isolation" in projects
    lines = (places.ROOT / "requirements.txt").read_text().splitlines()
    own = [line.split()[1] for line in lines if line.startswith("-e ")]
    assert re.findall(r"--editable (\S+)", projects) == own
    # Not a version is written here.
    assert not re.search(r"==\d", " ".join(of(steps, "RUN")))


def test_pytorch_is_the_build_that_the_installer_takes(steps):
    import install

    (pins, _) = [run for run in of(steps, "RUN") if "pip install" in run]
    assert f"--extra-index-url {install.CPU_WHEELS}" in pins


def test_all_that_is_copied_is_there(steps):
    sources = []
    for rest in of(steps, "COPY"):
        words = [word for word in rest.split() if not word.startswith("--")]
        if "--from=" not in rest:
            sources += words[:-1]
    assert len(sources) >= 3
    for source in sources:
        assert (places.ROOT / source).exists(), source


def test_it_is_run_by_nobody_special_with_one_thread(steps):
    (user,) = of(steps, "USER")
    made = next(run for run in of(steps, "RUN") if "useradd" in run)
    assert user != "0" and f"--uid {user} " in made
    assert "OMP_NUM_THREADS=1" in " ".join(of(steps, "ENV"))
    words = [word for word, _ in steps]
    assert words.index("USER") < words.index("HEALTHCHECK")


def test_it_starts_jupyterlab_and_says_whether_that_answers(steps):
    (start,) = of(steps, "CMD")
    assert json.loads(start)[:2] == ["jupyter", "lab"]
    (health,) = of(steps, "HEALTHCHECK")
    command = json.loads(health[health.index("[") :])
    compile(command[2], "healthcheck", "exec")
    assert "8888/api" in command[2]
    assert of(steps, "EXPOSE") == ["8888"]


def test_jupyterlab_asks_for_no_news(steps):
    settings = json.loads((FOLDER / "overrides.json").read_text())
    ((plugin, chosen),) = settings.items()
    assert plugin == "@jupyterlab/apputils-extension:notification"
    assert chosen == {"checkForUpdates": False, "fetchNews": "false"}
    assert any("overrides.json" in rest for rest in of(steps, "COPY"))


def test_the_devcontainer_is_that_image_and_its_user(steps):
    settings = json.loads((FOLDER / "devcontainer.json").read_text())
    build = settings["build"]
    assert (FOLDER / build["dockerfile"]).exists()
    assert (FOLDER / build["context"]).resolve() == places.ROOT.resolve()
    made = next(run for run in of(steps, "RUN") if "useradd" in run)
    assert made.split(" && ")[0].split()[-1] == settings["remoteUser"]
    assert "--no-deps" in settings["postCreateCommand"]
    assert settings["forwardPorts"] == [8888]


def test_what_git_ignores_is_not_sent_to_be_built():
    left_out = (places.ROOT / ".dockerignore").read_text().splitlines()
    assert {".git", ".venv", "_build"} <= set(left_out)
    for line in left_out:
        assert not any(part in line for part in ("recslib/", "requirements"))
