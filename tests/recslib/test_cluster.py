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
BLOCK_RATINGS, BLOCK_OTHERS = 500, 40
START = """
import os, signal
from recslib import cluster, draws, sampling

draws.BLOCK_RATINGS, draws.BLOCK_OTHERS = {blocks}
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


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "start.py"
    path.write_text(START.format(blocks=(BLOCK_RATINGS, BLOCK_OTHERS)))
    return path


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return str(held.getsockname()[1])


def in_two(script, *arguments, others=None, ranks="01", **environment):
    """Start two processes as torchrun does; return what each said.

    The second may have other arguments, and may not start at all.
    """
    where = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": free_port(),
        "WORLD_SIZE": "2",
    }
    both = [
        subprocess.Popen(
            [sys.executable, str(script), *given],
            env={**os.environ, **where, **environment, "RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, given in zip(
            ranks, (arguments, others or arguments), strict=False
        )
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
    table, script, tmp_path, one_thread, monkeypatch
):
    out, checkpoint = tmp_path / "model", tmp_path / "checkpoint"
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
    monkeypatch.setattr(draws, "BLOCK_OTHERS", BLOCK_OTHERS)
    ratings = tables.read_ratings(table)
    of_one = sampling.sample_factorization(ratings, **SETTINGS)
    assert len(draws._cuts(torch.bincount(ratings.users))) > 3
    for name, tensor in of_one.state_dict().items():
        assert torch.equal(tensor, of_two.state_dict()[name]), name
    assert of_one.history.noise == of_two.history.noise


def test_processes_of_different_ratings_end_and_say_so(
    table, script, tmp_path, one_thread
):
    shorter = tmp_path / "shorter.csv"
    lines = table.read_text().splitlines(keepends=True)
    shorter.write_text("".join(lines[:-1]))
    more = ["--out", str(tmp_path / "model"), "--sweeps", "3"]
    first, second = in_two(
        script, str(table), *more, others=[str(shorter), *more]
    )
    assert second[2].returncode == first[2].returncode == 1
    assert "process 1 of 2 was given another fit than process 0" in second[1]
    assert "ratings differ. Give all the same." in second[1]
    assert "process 0 of 2 waits for another in vain" in first[1]
    assert "Traceback" not in first[1] + second[1]
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("rank", "01")
def test_a_process_that_is_alone_in_its_group_ends_and_says_so(
    table, script, tmp_path, one_thread, rank
):
    more = ["--out", str(tmp_path / "model"), "--timeout", "0.05"]
    ((_, said, ended),) = in_two(script, str(table), *more, ranks=rank)
    assert ended.returncode == 1
    assert "did not find each other in 0.05 minutes" in said
    assert "Traceback" not in said


def test_a_process_that_has_nothing_to_draw_gets_the_whole_model(
    script, tmp_path, one_thread
):
    path, out = tmp_path / "ratings.csv", tmp_path / "model"
    path.write_text("user,item,rating\n1,1,4\n1,2,2\n")
    more = [str(path), "--out", str(out), "--factors", "1", "--sweeps", "4"]
    for said in in_two(script, *more):
        assert said[2].returncode == 0, said[1]
    of_two = saving.load(out).model
    of_one = sampling.sample_factorization(
        tables.read_ratings(path), 1, n_sweeps=4
    )
    for name, tensor in of_one.state_dict().items():
        assert torch.equal(tensor, of_two.state_dict()[name]), name


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


def test_a_group_needs_some_time_to_wait(table, tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "0")
    given = [str(table), "--out", str(tmp_path / "model"), "--timeout", "0"]
    with pytest.raises(SystemExit, match=r"timeout is 0\.0 minutes; give"):
        cluster.main(given)
