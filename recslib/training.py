"""One loop that fits every model of the book."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from recslib.arguments import (
    check_batch_size,
    check_choice,
    check_count,
    check_finite,
    check_kind,
    check_number,
    check_rows_of_table,
    check_seed,
    check_takes,
    check_tensor,
    explain_rows,
)
from recslib.progress import progress_bar

Tensors = tuple[Tensor, ...]


class DivergedError(FloatingPointError):
    """A fit whose numbers are no longer finite.

    Parameters
    ----------
    where
        What happened, in which epoch and batch: no full stop.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(
            f"{where}. Likely causes: a learning rate that is too high, "
            f"gradients that are never cleared, or NaN in the ratings. Try a "
            f"tenth of the rate, or max_gradient_norm=1."
        )


@contextmanager
def diverging_in(learning_rate: float, more: str = "") -> Iterator[None]:
    """Tell whoever calls a recipe what to change when its fit diverges.

    Parameters
    ----------
    learning_rate
        The recipe's argument: a tenth of it is the remedy.
    more
        Another sentence, on what the recipe was made for.

    Raises
    ------
    FloatingPointError
        In place of `DivergedError`.
    """
    try:
        yield
    except DivergedError as error:
        raise FloatingPointError(
            f"{error.where}. The learning rate is likely too high: try "
            f"learning_rate={learning_rate / 10:.2g}, a tenth of it.{more}"
        ) from error


@dataclass
class History:
    """What happened while a model was fitted, one value an epoch.

    Parameters
    ----------
    train_rmse
        Stars, over the epoch's batches as they were met.
    validation_rmse
        Stars, after the epoch; empty without a validation part.
    learning_rates
        At the end of the epoch.
    best_epoch
        The epoch (from 1) whose weights the model now has.
    seconds
        Wall time of the whole fit.
    train_loss
        Where a loss of one's own was fitted: its mean over the epoch. Then
        ``train_rmse`` is empty.
    """

    train_rmse: list[float] = field(default_factory=list)
    validation_rmse: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    best_epoch: int = 0
    seconds: float = 0.0
    train_loss: list[float] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Examples:
    """Aligned tensors that a model learns from or is judged on.

    Parameters
    ----------
    inputs
        What ``model(*inputs)`` takes, each with N as its first size.
    targets
        (N,) or (N, T) stars.
    mask
        Bool, shaped as the targets: which of them count. None: all.

    Raises
    ------
    ValueError
        When a part is no tensor, the parts do not have the same first size,
        or the mask is not bool or does not have the targets' shape.
    """

    inputs: Tensors
    targets: Tensor
    mask: Tensor | None = None

    def __post_init__(self) -> None:
        """Check that the parts are aligned."""
        sizes = _first_sizes(self.inputs, self.targets)
        if len(set(sizes)) != 1 or sizes[0] == 0:
            raise ValueError(
                f"inputs and targets have the first sizes {sizes}; give the "
                f"same number of examples in each, at least one."
            )
        if self.mask is None:
            return
        check_tensor(self.mask, "flags of the mask")
        # Numbers would pick rows instead of masking them, and say nothing.
        if (
            self.mask.shape != self.targets.shape
            or self.mask.dtype != torch.bool
        ):
            raise ValueError(
                f"the mask has the shape {tuple(self.mask.shape)} and holds "
                f"{self.mask.dtype}, the targets have "
                f"{tuple(self.targets.shape)}; give one flag a target, of "
                f"torch.bool."
            )

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.targets)

    def reordered(self, order: Tensor) -> Examples:
        """Take the examples in another order: (N,) int64.

        Raises
        ------
        ValueError
            When the order holds no row numbers of the examples, or is a table.
        """
        try:
            # Slower by a half and more if written as part[order].
            return Examples(
                tuple(part.index_select(0, order) for part in self.inputs),
                self.targets.index_select(0, order),
                None
                if self.mask is None
                else self.mask.index_select(0, order),
            )
        except (IndexError, RuntimeError, TypeError):
            check_rows_of_table(order, len(self))
            if order.ndim != 1:
                raise ValueError(
                    f"the order has the shape {tuple(order.shape)}; give row "
                    f"numbers of the shape ({len(self)},)."
                ) from None
            raise

    def batch(self, rows: slice) -> Examples:
        """Take some of the examples."""
        return Examples(
            tuple(part[rows] for part in self.inputs),
            self.targets[rows],
            None if self.mask is None else self.mask[rows],
        )

    def to(self, device: str | torch.device) -> Examples:
        """Move all tensors to a device, named as in `find_device`.

        Raises
        ------
        ValueError
            When there is no such device here.
        """
        where = find_device(device)
        return Examples(
            tuple(part.to(where) for part in self.inputs),
            self.targets.to(where),
            None if self.mask is None else self.mask.to(where),
        )


def fit(
    model: nn.Module,
    train: Examples,
    *,
    optimizer: torch.optim.Optimizer,
    n_epochs: int,
    batch_size: int,
    seed: int,
    loss: Callable[[nn.Module, Examples], Tensor] | None = None,
    penalty: Callable[..., Tensor] | None = None,
    reduction: Literal["mean", "sum"] = "mean",
    schedule: Literal["constant", "one_cycle"] = "constant",
    max_gradient_norm: float | None = None,
    validation: Examples | None = None,
    patience: int | None = None,
    device: str = "cpu",
) -> History:
    """Fit a model to ratings by mini-batch gradient descent.

    The loss of a batch is the sum of the squared errors and penalties of its
    examples, divided (or not) by the number of errors that count. For a model
    that predicts no ratings, give a loss. Every epoch
    shuffles the examples once and takes slices: nothing is collated one by
    one.

    Parameters
    ----------
    model
        Its ``forward`` takes the inputs of a batch and returns predictions
        of the targets' shape. Fitted in place, and left in eval mode.
    train
        N examples.
    optimizer
        Over the model's parameters. Its learning rate is the peak rate when
        the schedule is ``"one_cycle"``, and is given back at the end.
    n_epochs, batch_size
        At least 1.
    seed
        Of the shuffles and of dropout. The model's own first weights are
        drawn where the model is made.
    loss
        Takes the model and a batch; returns one loss, (K,), for each of the K
        things in it that count. None: the squared errors of the targets that
        count.
    penalty
        Takes the inputs of a batch; returns (B,), added to the loss of each
        example.
    reduction
        ``"sum"`` makes the learning rate one a rating, whatever the batch
        size; ``"mean"`` one a batch.
    schedule
        ``"one_cycle"`` warms up and anneals to zero over ``n_epochs``.
    max_gradient_norm
        Scales a longer gradient down to this length. None: never.
    validation
        Read after every epoch; the weights of its best epoch are restored
        at the end.
    patience
        Stop when the validation RMSE has not fallen for so many epochs.
    device
        ``"cpu"``, ``"cuda"``, ``"mps"``, or ``"auto"`` for the best there
        is. The model comes back on the CPU.

    Returns
    -------
    History
        Losses, rates and seconds.

    Raises
    ------
    ValueError
        For arguments of another class, numbers out of range, patience without
        validation, validation with a loss of one's own, a device that is not
        there, predictions of another shape than the targets, a mask that lets
        nothing count, targets that are not finite, an optimizer that moves no
        weight of this model, a loss without a slope, and inputs that are no
        rows of the model's tables.
    DivergedError
        When a loss or a weight is not finite; names the epoch, the batch and
        the likely causes. A `FloatingPointError`.
    """
    check_kind(model, nn.Module, "model")
    check_kind(train, Examples, "train")
    check_kind(optimizer, torch.optim.Optimizer, "optimizer")
    if loss is not None:
        check_takes(loss, "loss", "model", "batch")
    if penalty is not None:
        places = range(len(train.inputs))
        check_takes(penalty, "penalty", *(f"inputs[{n}]" for n in places))
    if validation is not None:
        check_kind(validation, Examples, "validation")
    _check_settings(n_epochs, batch_size, reduction, validation, patience)
    check_choice(schedule, "schedule", ("constant", "one_cycle"))
    check_seed(seed)
    if max_gradient_norm is not None:
        check_number(max_gradient_norm, "max_gradient_norm", above=0)
    _check_optimizer(optimizer, model)
    if loss is None:
        _check_counting(train, "training")
    if validation is not None:
        _check_counting(validation, "validation")
    if loss is not None and validation is not None:
        raise ValueError(
            "validation is judged by RMSE, which a loss of one's own need not "
            "be; leave one of the two out."
        )
    losses_of = _squared_errors if loss is None else loss
    where = find_device(device)
    model.to(where)
    given = train.inputs
    train = train.to(where)
    n_batches = math.ceil(len(train) / batch_size)
    rates = [group["lr"] for group in optimizer.param_groups]
    scheduler = _scheduler(optimizer, schedule, int(n_epochs) * n_batches)
    generator = torch.Generator().manual_seed(int(seed))

    def step(batch: Examples) -> Tensor:
        """Take one step of the optimizer; return the losses."""
        with _rows_named(model, given):
            losses = losses_of(model, batch)
        if not isinstance(losses, Tensor) or not losses.requires_grad:
            raise ValueError(
                f"the loss of a batch is {_called(losses)} with no slope; "
                f"return a tensor that is worked out from the model's "
                f"weights, one loss for each thing that counts."
            )
        total = losses.sum()
        if penalty is not None:
            charged = penalty(*batch.inputs)
            check_tensor(charged, "penalties")
            total = total + charged.sum()
        if reduction == "mean":
            total = total / max(losses.numel(), 1)
        if not torch.isfinite(total):
            raise FloatingPointError(f"the loss is {total.item()}")
        optimizer.zero_grad()
        total.backward()
        if max_gradient_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), max_gradient_norm)
        optimizer.step()
        scheduler.step()
        return losses.detach()

    history, best_weights = History(), None
    started = time.perf_counter()
    bar = progress_bar(total=n_epochs, description="fit", unit="epoch")
    with torch.random.fork_rng(), bar:
        torch.manual_seed(int(seed))
        for epoch in range(1, n_epochs + 1):
            model.train()
            order = torch.randperm(len(train), generator=generator).to(where)
            shuffled = train.reordered(order)
            summed, count = torch.zeros((), device=where), 0
            for number, rows in enumerate(_slices(len(train), batch_size), 1):
                try:
                    losses = step(shuffled.batch(rows))
                except FloatingPointError as error:
                    raise _diverged(error, epoch, number, n_batches) from None
                summed += losses.sum()
                count += losses.numel()
                bar.update(1 / n_batches)
            model.eval()
            if count == 0:
                raise ValueError(
                    f"the loss counted nothing in epoch {epoch}, so nothing "
                    f"was learnt; return one loss for each thing that counts."
                )
            mean = summed.item() / count
            if loss is None:
                history.train_rmse.append(math.sqrt(mean))
            else:
                history.train_loss.append(mean)
            history.learning_rates.append(scheduler.get_last_lr()[0])
            history.best_epoch = epoch
            if not all(part.isfinite().all() for part in model.parameters()):
                error = FloatingPointError("a weight is not finite")
                raise _diverged(error, epoch, n_batches, n_batches)
            if validation is None:
                continue
            score = _validation_rmse(model, validation, batch_size, where)
            history.validation_rmse.append(score)
            history.best_epoch = 1 + int(np.argmin(history.validation_rmse))
            if history.best_epoch == epoch:
                best_weights = copy.deepcopy(model.state_dict())
            elif patience is not None and (
                epoch - history.best_epoch >= patience
            ):
                break
    if best_weights is not None:
        model.load_state_dict(best_weights)
    # One cycle ends near zero, where a second fit would learn nothing.
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    model.to("cpu")
    history.seconds = time.perf_counter() - started
    return history


def predict(
    model: nn.Module,
    inputs: Tensors,
    *,
    batch_size: int = 8_192,
    device: str = "cpu",
) -> Tensor:
    """Predict without learning: dropout off, no gradients.

    Parameters
    ----------
    model
        Its ``forward`` takes a batch of the inputs.
    inputs
        Each with N as its first size, N at least 1.
    batch_size
        How many at once; changes the speed, not the result.
    device
        As in `fit`.

    Returns
    -------
    Tensor
        What the model returns, N as its first size, on the CPU.

    Raises
    ------
    ValueError
        When there are no examples, inputs are no tensors, or no rows of the
        model's tables, the model returns something else than a tensor,
        ``batch_size`` is below 1, or the device is not there.
    """
    check_kind(model, nn.Module, "model")
    check_batch_size(batch_size)
    sizes = _first_sizes(inputs)
    if len(set(sizes)) != 1 or sizes[0] == 0:
        raise ValueError(
            f"inputs have the first sizes {sizes}; give the same number of "
            f"examples in each, at least one."
        )
    where = find_device(device)
    model.to(where).eval()
    with torch.no_grad(), _rows_named(model, inputs):
        parts = []
        for rows in _slices(sizes[0], batch_size):
            told = model(*(part[rows].to(where) for part in inputs))
            check_tensor(told, "predictions of the model")
            parts.append(told.cpu())
    model.to("cpu")
    return torch.cat(parts)


def find_device(name: str | torch.device) -> torch.device:
    """Turn a name into a device of this machine.

    Parameters
    ----------
    name
        ``"cpu"``, ``"cuda"``, ``"mps"``, or ``"auto"``: the first of cuda,
        mps and cpu that is there. A `torch.device` will do, too.

    Raises
    ------
    ValueError
        When there is no such device here; names those that are.
    """
    name = str(name)
    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.insert(0, "mps")
    if torch.cuda.is_available():
        there.insert(0, "cuda")
    if name == "auto":
        return torch.device(there[0])
    kind, _, number = name.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if kind not in there or number not in ("", *map(str, range(count))):
        raise ValueError(
            f"device is {name!r}; this machine has {', '.join(there)}. Use "
            f"one of them, or 'auto'."
        )
    return torch.device(name)


@contextmanager
def _rows_named(model: nn.Module, inputs: Tensors) -> Iterator[None]:
    """Say which input holds no row index, where PyTorch does not.

    On a GPU nothing can be read after such an error: give inputs that lie on
    the CPU.
    """
    try:
        yield
    except (IndexError, RuntimeError, ValueError) as error:
        explain_rows(model, inputs, sure=isinstance(error, IndexError))
        raise


def _check_optimizer(
    optimizer: torch.optim.Optimizer, model: nn.Module
) -> None:
    ours = {id(part) for part in model.parameters() if part.requires_grad}
    moved = {
        id(weights)
        for group in optimizer.param_groups
        for weights in group["params"]
    }
    if not ours & moved:
        raise ValueError(
            "the optimizer moves no weight of this model, so nothing would be "
            "learnt; make it anew, from model.parameters(), with weights that "
            "are not frozen (requires_grad)."
        )
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    if not all(map(math.isfinite, rates)):
        raise ValueError(
            f"the optimizer's learning rate is "
            f"{', '.join(f'{rate:g}' for rate in rates)}; give a finite one, "
            f"such as lr=0.01."
        )


def _check_counting(examples: Examples, name: str) -> None:
    if examples.mask is not None and not examples.mask.any():
        raise ValueError(
            f"the mask of the {name} examples is False everywhere, so nothing "
            f"counts; give at least one target that does, or no mask."
        )
    targets = examples.targets
    if examples.mask is not None:
        targets = targets[examples.mask]
    check_finite(targets, f"targets of the {name} examples")


def _check_settings(
    n_epochs: int,
    batch_size: int,
    reduction: str,
    validation: Examples | None,
    patience: int | None,
) -> None:
    check_count(n_epochs, "n_epochs")
    check_batch_size(batch_size)
    check_choice(reduction, "reduction", ("mean", "sum"))
    if patience is not None:
        check_count(patience, "patience")
    if patience is not None and validation is None:
        raise ValueError(
            "patience needs validation examples: early stopping on the "
            "training error never stops, and the test part is not for it."
        )


def _first_sizes(inputs: Tensors, *others: Tensor) -> list[int]:
    """Return the first size of each part, once all are tensors."""
    if not isinstance(inputs, tuple | list):
        raise ValueError(
            f"inputs came as {type(inputs).__name__}; give a tuple of "
            f"tensors, such as (ratings.users, ratings.items)."
        )
    for part in (*inputs, *others):
        check_tensor(part, "inputs and targets")
        if part.ndim == 0:
            raise ValueError(
                "inputs and targets hold one number alone; give tensors of "
                "one number an example: (N,)."
            )
    return [len(part) for part in (*inputs, *others)]


def _called(thing: object) -> str:
    """Say what came in place of something else."""
    if isinstance(thing, Tensor):
        return f"a tensor of shape {tuple(thing.shape)}"
    return f"a {type(thing).__name__}"


def _slices(n: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, n, size))


def _scheduler(
    optimizer: torch.optim.Optimizer, schedule: str, n_steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    if schedule == "constant":
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        # One more than needed: with a single step PyTorch divides by zero.
        total_steps=n_steps + 1,
        cycle_momentum=False,
    )


def _squared_errors(model: nn.Module, batch: Examples) -> Tensor:
    """Return the squared errors that count, as one dimension."""
    predictions = model(*batch.inputs)
    check_tensor(predictions, "predictions of the model")
    if predictions.shape != batch.targets.shape:
        raise ValueError(
            f"the model predicts the shape {tuple(predictions.shape)}, the "
            f"targets have {tuple(batch.targets.shape)}. PyTorch would "
            f"compare every prediction with every target: squeeze or "
            f"reshape the prediction."
        )
    errors = predictions - batch.targets
    # Masked before it is squared: of NaN, a slope of 0 would be NaN, too.
    errors = errors.flatten() if batch.mask is None else errors[batch.mask]
    return errors.square()


def _validation_rmse(
    model: nn.Module, examples: Examples, batch_size: int, where: torch.device
) -> float:
    model.eval()
    squares, count = 0.0, 0
    with torch.no_grad():
        for rows in _slices(len(examples), batch_size):
            with _rows_named(model, examples.inputs):
                batch = examples.batch(rows).to(where)
                errors = _squared_errors(model, batch)
            squares += errors.double().sum().item()
            count += errors.numel()
    return math.sqrt(squares / max(count, 1))


def _diverged(
    error: FloatingPointError, epoch: int, number: int, n_batches: int
) -> DivergedError:
    return DivergedError(
        f"{error} in epoch {epoch}, batch {number} of {n_batches}"
    )
