"""Which browser is taken, and what is said where there is none."""

import shutil

import pytest

from bookbuild.paper import browser as finder


@pytest.fixture(autouse=True)
def no_browser(monkeypatch):
    monkeypatch.delenv(finder.VARIABLE, raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(finder, "PATHS", ())


def test_the_one_that_is_named_goes_first(tmp_path, monkeypatch):
    named, own = tmp_path / "named", tmp_path / "own"
    named.touch()
    own.touch()
    assert finder.browser_path(str(own)) == str(own)
    monkeypatch.setenv(finder.VARIABLE, str(named))
    assert finder.browser_path(str(own)) == str(named)


def test_one_of_this_machine_goes_before_playwrights_own(
    tmp_path, monkeypatch
):
    installed, own = tmp_path / "chrome", tmp_path / "own"
    installed.touch()
    own.touch()
    monkeypatch.setattr(finder, "PATHS", (str(installed),))
    assert finder.browser_path(str(own)) == str(installed)


def test_a_name_that_is_no_file_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv(finder.VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(finder.NoBrowserError, match="there is no such file"):
        finder.browser_path("")


def test_without_a_browser_it_says_how_to_get_one(tmp_path):
    with pytest.raises(finder.NoBrowserError) as caught:
        finder.browser_path(str(tmp_path / "gone"))
    for way in ("apt-get install chromium", "brew", finder.VARIABLE):
        assert way in str(caught.value)
