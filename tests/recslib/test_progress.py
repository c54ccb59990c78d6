from recslib.progress import progress_bar, progress_is_off


def test_a_bar_yields_every_item_in_order(monkeypatch):
    monkeypatch.delenv("RECSLIB_PROGRESS", raising=False)
    assert list(progress_bar([3, 1, 2], description="three")) == [3, 1, 2]


def test_a_bar_names_what_it_counts_on_standard_error(monkeypatch, capsys):
    monkeypatch.delenv("RECSLIB_PROGRESS", raising=False)
    with progress_bar(total=2_000_000, description="ml.zip", unit="B") as bar:
        bar.update(1_000_000)
        bar.refresh()
    shown = capsys.readouterr()
    assert "ml.zip:  50%" in shown.err
    assert "1.00M/2.00M" in shown.err
    assert shown.out == ""


def test_a_finished_bar_wipes_itself_away(monkeypatch, capsys):
    monkeypatch.delenv("RECSLIB_PROGRESS", raising=False)
    list(progress_bar(range(3), description="gone"))
    last = capsys.readouterr().err.split("\r")[-2:]
    assert last[0].strip() == "" and last[1] == ""


def test_off_switches_every_bar_off_but_not_the_loop(monkeypatch, capsys):
    monkeypatch.setenv("RECSLIB_PROGRESS", " OFF ")
    assert progress_is_off()
    assert list(progress_bar(range(3))) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def test_any_other_setting_leaves_the_bars_on(monkeypatch):
    monkeypatch.setenv("RECSLIB_PROGRESS", "on")
    assert not progress_is_off()
