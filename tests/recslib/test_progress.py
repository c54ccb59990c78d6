import sys
import time
from types import SimpleNamespace

import pytest

from recslib import progress
from recslib.progress import progress_bar, progress_is_off


@pytest.fixture(autouse=True)
def bars_on_at_once(monkeypatch):
    monkeypatch.delenv("RECSLIB_PROGRESS", raising=False)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    yield
    assert progress._open == []


def lines_of(text):
    return [line.strip() for line in text.split("\r") if line.strip()]


def test_a_bar_yields_every_item_in_order():
    assert list(progress_bar([3, 1, 2], description="three")) == [3, 1, 2]


def test_a_bar_names_what_it_counts_on_standard_error(capsys):
    with progress_bar(total=2_000_000, description="ml.zip", unit="B") as bar:
        bar.update(1_000_000)
        time.sleep(0.11)  # it is drawn ten times a second
        bar.refresh()
    shown = capsys.readouterr()
    assert "ml.zip: 1.00MB of 2.00MB" in shown.err and " 50 %" in shown.err
    assert shown.out == ""


def test_a_bar_says_which_of_how_many_and_the_time_left(capsys):
    for _ in progress_bar(range(4), description="a mask", unit="fold"):
        time.sleep(0.11)
    shown = lines_of(capsys.readouterr().err)
    assert any("a mask: fold 2 of 4" in line for line in shown)
    assert "a mask: fold 4 of 4" in shown[-1]
    assert all(line.endswith("left") for line in shown)


def test_one_bar_for_a_loop_that_fits_in_every_step(capsys):
    for _ in progress_bar(range(2), description="outer", unit="fold"):
        for _ in progress_bar(range(3), description="inner", unit="epoch"):
            time.sleep(0.11)
    shown = lines_of(capsys.readouterr().err)
    assert not any("inner" in line for line in shown)
    shares = [int(line.split(" %")[0].split()[-1]) for line in shown]
    assert shares == sorted(shares)
    assert {17, 33, 67, 83} <= set(shares)


def test_several_inner_bars_in_one_step_never_go_back(capsys):
    with progress_bar(total=1, description="outer") as outer:
        for _ in range(2):
            for _ in progress_bar(range(3)):
                time.sleep(0.11)
        outer.update(1)
    shown = lines_of(capsys.readouterr().err)
    shares = [int(line.split(" %")[0].split()[-1]) for line in shown]
    assert shares == sorted(shares) and shares[-1] == 100


def test_the_second_step_knows_how_many_bars_a_step_has(capsys):
    for _ in progress_bar(range(2), description="outer"):
        for _ in range(2):
            for _ in progress_bar(range(2)):
                time.sleep(0.11)
    shown = lines_of(capsys.readouterr().err)
    shares = [int(line.split(" %")[0].split()[-1]) for line in shown]
    assert shares == sorted(shares)
    assert {62, 75, 88} <= set(shares)


def test_parts_that_add_up_to_a_little_more_are_the_whole(capsys):
    # A warning is an error here, as in any strict program.
    with progress_bar(total=3, description="fit", unit="epoch") as bar:
        for _ in range(30):
            bar.update(0.1)
        assert bar.n > 3
        time.sleep(0.11)
        bar.refresh()
    assert "fit: epoch 3 of 3" in capsys.readouterr().err


def test_a_finished_bar_wipes_itself_away(capsys):
    for _ in progress_bar(range(3), description="gone"):
        time.sleep(0.11)
    last = capsys.readouterr().err.split("\r")[-2:]
    assert last[0].strip() == "" and last[1] == ""


def test_what_is_done_in_no_time_shows_no_bar(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE", 10)
    list(progress_bar(range(1_000)))
    assert capsys.readouterr().err == ""


def test_an_error_closes_the_bar_and_those_inside():
    inner = iter(progress_bar(range(3)))
    with pytest.raises(ZeroDivisionError), progress_bar(total=3):
        for _ in inner:
            raise ZeroDivisionError
    inner.close()


def test_off_switches_every_bar_off_but_not_the_loop(monkeypatch, capsys):
    monkeypatch.setenv("RECSLIB_PROGRESS", " OFF ")
    assert progress_is_off()
    for _ in progress_bar(range(3)):
        time.sleep(0.06)
    assert capsys.readouterr().err == ""


def test_any_other_setting_leaves_the_bars_on(monkeypatch):
    monkeypatch.setenv("RECSLIB_PROGRESS", "on")
    assert not progress_is_off()


class Kernel:
    """A shell with a kernel behind it, and what its cells display."""

    def __init__(self):
        self.kernel = object()
        self.shown, self.callbacks = [], {"post_run_cell": []}
        self.events = self
        self.display = SimpleNamespace(display=self.show)

    def get_ipython(self):
        return self

    def register(self, name, callback):
        self.callbacks[name].append(callback)

    def show(self, bundle, raw, display_id):
        assert raw and display_id
        self.update(bundle, raw)
        return self

    def update(self, bundle, raw):
        self.shown.append(bundle)


def test_in_a_notebook_the_bar_is_an_output_that_goes(monkeypatch, capsys):
    kernel = Kernel()
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    for _ in progress_bar(range(3), description="cell", unit="fold"):
        time.sleep(0.11)
    assert kernel.shown[0]["text/plain"].startswith("cell: fold 1 of 3")
    assert kernel.shown[-1] == {}
    assert capsys.readouterr() == ("", "")


def test_a_cell_that_stopped_leaves_no_bar_open(monkeypatch):
    kernel = Kernel()
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    stopped = iter(progress_bar(range(3), description="stopped"))
    next(stopped)
    (after_the_cell,) = kernel.callbacks["post_run_cell"]
    after_the_cell("the result")
    assert progress._open == [] and kernel.shown[-1] == {}
    list(progress_bar(range(3)))
    assert kernel.callbacks["post_run_cell"] == [after_the_cell]
