import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from recslib import (
    checkpoints,
    cluster,
    draws,
    movielens,
    sampling,
    saving,
    tables,
)

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"n_factors": 3, "n_sweeps": 9}
# Blocks are small, so that each process has some.
BLOCK_RATINGS = 500
START = """
import os, signal
from recslib import cluster, draws, sampling

draws.BLOCK_RATINGS = {block}
draw, drawn = sampling.draw_noise, []

def draw_or_die(*given):
    drawn.append(1)
    if os.environ.get("DIES") == os.environ["RANK"] and len(drawn) == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return draw(*given)

sampling.draw_noise = draw_or_die
cluster.main()
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("ratings") / "ratings.csv"
    made = movielens.load("synthetic").ratings
    frame = {"user": made.users, "item": made.items, "rating": made.ratings}
    pd.DataFrame(frame).to_csv(path, index=False)
    return path


@pytest.fixture
def one_thread(monkeypatch):
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield
    torch.set_num_threads(n_threads)


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return str(held.getsockname()[1])


def in_two(script, *arguments, **environment):
    """Start two processes as torchrun does; return what each said."""
    where = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": free_port(),
        "WORLD_SIZE": "2",
    }
    both = [
        subprocess.Popen(
            [sys.executable, str(script), *arguments],
            env={**os.environ, **where, **environment, "RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    ]
    try:
        return [(*each.communicate(timeout=240), each) for each in both]
    finally:
        for each in both:
            each.kill()


def torchrun(script, *arguments):
    """Start two processes by torchrun itself."""
    launcher = [sys.executable, "-m", "torch.distributed.run"]
    where = ["--master-addr", "127.0.0.1", "--master-port", free_port()]
    return subprocess.run(
        [*launcher, "--nproc-per-node", "2", *where, str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_a_killed_process_ends_all_and_two_go_on_to_the_bits_of_one(
    table, tmp_path, one_thread, monkeypatch
):
    out, checkpoint = tmp_path / "model", tmp_path / "checkpoint"
    script = tmp_path / "start.py"
    script.write_text(START.format(block=BLOCK_RATINGS))
    arguments = [
        str(table),
        *("--out", str(out), "--factors", "3", "--sweeps", "9"),
        *("--checkpoint", str(checkpoint), "--every", "2"),
    ]
    first, second = in_two(script, *arguments, DIES="1")
    assert second[2].returncode == -signal.SIGKILL
    assert first[2].returncode == 1
    assert "recslib.cluster: process 0 of 2 waits for another" in first[1]
    assert "Traceback" not in first[1]
    assert not out.exists()
    described = (checkpoint / checkpoints.DESCRIPTION).read_text()
    assert '"n_swept": 4' in described

    again = torchrun(script, *arguments)
    assert again.returncode == 0, again.stderr
    assert "9 sweeps" in again.stdout and "processes: 2" in again.stdout
    of_two = saving.load(out).model
    monkeypatch.setattr(draws, "BLOCK_RATINGS", BLOCK_RATINGS)
    ratings = tables.read_ratings(table)
    of_one = sampling.sample_factorization(ratings, **SETTINGS)
    assert len(draws._cuts(torch.bincount(ratings.users))) > 3
    for name, tensor in of_one.state_dict().items():
        assert torch.equal(tensor, of_two.state_dict()[name]), name
    assert of_one.history.noise == of_two.history.noise


def test_one_process_fits_and_saves(table, tmp_path, capsys):
    out = tmp_path / "model"
    cluster.main(
        [str(table), "--out", str(out), "--factors", "3", "--sweeps", "9"]
    )
    assert "processes: 1" in capsys.readouterr().out
    saved = saving.load(out)
    assert saved.settings == {**SETTINGS, "seed": 0}
    model = sampling.sample_factorization(
        tables.read_ratings(table), **SETTINGS
    )
    assert torch.equal(saved.model.users, model.users)


def test_a_gpu_that_is_not_there_is_one_sentence(table, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_RANK", "1")
    arguments = [str(table), "--out", str(tmp_path / "model")]
    with pytest.raises(SystemExit, match=r"sees 1 GPUs .* Start 1 at"):
        cluster.main([*arguments, "--device", "cuda"])
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(SystemExit, match=r"sees 0 GPUs .* or leave out"):
        cluster.main([*arguments, "--device", "cuda"])
    monkeypatch.delenv("LOCAL_RANK")
    with pytest.raises(SystemExit, match="sees 0 GPUs"):
        cluster.main([*arguments, "--device", "cuda"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--factors", "-1"], "n_factors is -1"),
        (["--every", "0"], "checkpoint_every"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(table, tmp_path, more, said):
    out = tmp_path / "model"
    with pytest.raises(SystemExit, match=f"recslib.cluster: .*{said}"):
        cluster.main([str(table), "--out", str(out), *more])
    with pytest.raises(SystemExit, match="No such file"):
        cluster.main([str(tmp_path / "none.csv"), "--out", str(out)])
    assert not out.exists()
