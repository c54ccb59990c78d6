"""Downloaded chapters: there to be run, and to run alone."""

import subprocess
import sys

import pytest

from bookbuild import chapters, lone, notebooks, plain, run


def downloads(html_folder):
    return sorted((html_folder / "_sources" / "notebooks").glob("*.ipynb"))


def test_downloads_are_there_to_be_run_and_fold_the_long_cell(html_folder):
    assert len(downloads(html_folder)) == len(chapters.paths())
    for path in downloads(html_folder):
        notebook = notebooks.read(path)
        plain.check_plain(notebook)
        cells = [c for c in notebook.cells if c.cell_type == "code"]
        assert not any(cell.outputs for cell in cells)
        assert cells[0].metadata["jupyter"] == {"source_hidden": True}
        assert len(cells[0].source.splitlines()) <= 5
        compile(path.with_suffix(".py").read_text("utf-8"), path, "exec")


@pytest.mark.parametrize("kind", ["notebook", "script"])
def test_a_download_runs_alone_in_an_empty_folder(
    html_folder, tmp_path, monkeypatch, kind
):
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    path = next(p for p in downloads(html_folder) if p.stem[:2] == "01")
    if kind == "notebook":
        copy = tmp_path / path.name
        copy.write_bytes(path.read_bytes())
        ran = tmp_path / "01_ran.ipynb"
        run.execute(
            copy, ran, {"dataset": "synthetic", "quick": True}, progress=False
        )
        assert chapters.chapter_of(ran).values["rmse"] > 0
    else:
        text = path.with_suffix(".py").read_text("utf-8")
        text = text.replace('dataset = "100k"', 'dataset = "synthetic"')
        copy = tmp_path / "chapter.py"
        copy.write_text(text.replace("quick = False", "quick = True"), "utf-8")
        subprocess.run(
            [sys.executable, str(copy)],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    assert (tmp_path / lone.FOLDER / "recslib" / "models.py").is_file()
