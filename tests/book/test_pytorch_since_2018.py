"""The page on what has changed in PyTorch: every line of it is run."""

import doctest
import io
import re
import warnings

import pytest
import torch
from torch import nn
from torch.autograd import Variable

from bookbuild import places

PAGE = places.ROOT / "book" / "pytorch-since-2018.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def blocks(page):
    return BLOCK.findall(page)


def test_every_block_of_code_gives_what_the_page_shows(blocks):
    code = "\n".join(text for kind, text in blocks)
    example = doctest.DocTestParser().get_doctest(
        code, {}, PAGE.name, str(PAGE), 0
    )
    said = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    runner.run(example, out=said.write)
    assert runner.summarize(verbose=False).failed == 0, said.getvalue()
    assert runner.tries > 40


def test_no_block_of_code_is_left_out_of_that(blocks):
    assert {kind for kind, _ in blocks} == {"pycon"}
    for _, text in blocks:
        assert text.startswith(">>> "), text


def test_every_line_of_code_fits_the_page(blocks):
    for _, text in blocks:
        for line in text.splitlines():
            assert len(line) <= 79, line


def old_schedule():
    weight = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    torch.optim.lr_scheduler.StepLR(optimizer, step_size=1).step()
    optimizer.step()


OLD_WAYS_THAT_WARN = {
    "volatile": lambda: Variable(torch.ones(1), volatile=True),
    "size_average": lambda: nn.MSELoss(size_average=False),
    "reduce": lambda: nn.MSELoss(reduce=False),
    "shapes": lambda: nn.MSELoss()(torch.ones(2, 1), torch.ones(2)),
    "schedule": old_schedule,
    "amp": lambda: torch.cuda.amp.autocast(),
    "jit": lambda: torch.jit.script(nn.Linear(1, 1)),
}


@pytest.mark.parametrize("name", OLD_WAYS_THAT_WARN)
def test_what_the_page_says_to_warn_warns(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        OLD_WAYS_THAT_WARN[name]()
    assert caught


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_what_the_page_says_to_be_silent_is_silent(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(nn.functional, name)(torch.zeros(1))


def test_a_whole_model_in_a_file_is_refused():
    file = io.BytesIO()
    torch.save(nn.Linear(1, 1), file)
    file.seek(0)
    with pytest.raises(Exception, match="weights_only"):
        torch.load(file)


def test_weight_decay_takes_no_sparse_gradient_and_sparse_adam_does():
    table = nn.Embedding(10, 2, sparse=True)
    table(torch.tensor([1])).sum().backward()
    torch.optim.SparseAdam(table.parameters()).step()
    decaying = torch.optim.SGD(table.parameters(), lr=0.1, weight_decay=0.1)
    with pytest.raises(RuntimeError, match="sparse"):
        decaying.step()


def test_an_optimizer_skips_a_parameter_without_a_gradient():
    moved = []
    for gradient in (None, torch.zeros(1)):
        weight = torch.ones(1, requires_grad=True)
        weight.grad = gradient
        torch.optim.SGD([weight], lr=0.1, weight_decay=0.1).step()
        moved.append(weight.item() != 1.0)
    assert moved == [False, True]


def test_every_row_of_the_table_leads_to_a_section_and_a_release(page):
    table = page.partition("```{list-table}")[2].partition("\n```\n")[0]
    rows = re.findall(
        r"^\* - \{ref\}`(since-[\w-]+)`\n.*?^  - \[([\d.]+)\]\((\S+)\)$",
        table,
        re.MULTILINE | re.DOTALL,
    )
    assert len(rows) == table.count("\n* - ") - 1
    releases = [[int(part) for part in row[1].split(".")] for row in rows]
    assert releases == sorted(releases)
    today = [int(part) for part in torch.__version__.split(".")[:2]]
    assert releases[-1] <= today
    for section, release, address in rows:
        tag = release if release.count(".") == 2 else f"{release}.0"
        assert address.endswith(f"/pytorch/pytorch/releases/tag/v{tag}")
        assert f"({section})=\n" in page
