import json

import pytest
import torch

from recslib import processes


def test_without_a_group_one_process_does_everything():
    assert processes.place() == (0, 1)
    assert processes.borders(7) == [0, 7]
    table = torch.arange(6.0).reshape(3, 2)
    processes.share(table, [0, 3])
    assert torch.equal(table, torch.arange(6.0).reshape(3, 2))
    assert processes.tell(b"word") == b"word"
    processes.check_alike({"seed": 0})


@pytest.mark.parametrize(
    ("n", "wanted"),
    [
        (9, [0, 3, 6, 9]),
        (4, [0, 1, 2, 4]),
        (1, [0, 0, 0, 1]),
        (0, [0, 0, 0, 0]),
    ],
)
def test_borders_part_things_evenly_and_leave_none_out(n, wanted, monkeypatch):
    monkeypatch.setattr(processes, "place", lambda: (1, 3))
    assert processes.borders(n) == wanted


def test_a_process_with_another_fit_is_told_so(monkeypatch):
    first = {"seed": 0, "n_factors": 10}
    monkeypatch.setattr(processes, "place", lambda: (1, 2))
    monkeypatch.setattr(
        processes, "tell", lambda data: json.dumps(first).encode()
    )
    processes.check_alike(first)
    with pytest.raises(
        ValueError, match=r"process 1 of 2 .* process 0: seed differ\. Give"
    ):
        processes.check_alike({**first, "seed": 1})
