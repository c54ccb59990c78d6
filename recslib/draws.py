"""What the sampler draws in a sweep: rows, where they come from, and noise.

Where it comes from:

- rows of factors and their Normal-Wishart hyperprior: R. Salakhutdinov, A.
  Mnih, "Bayesian Probabilistic Matrix Factorization using Markov Chain Monte
  Carlo", ICML 2008, equations 11 to 14;
- a noise of their own for each user and each item: B. Lakshminarayanan,
  G. Bouchard, C. Archambeau, "Robust Bayesian Matrix Factorisation", AISTATS
  2011, here with conjugate Gamma priors;
- features of a row through a link matrix, which is drawn too: J. Simm et al.,
  "Macau: Scalable Bayesian Factorization with High-Dimensional Side
  Information Using MCMC", MLSP 2017, equations 4 and 5 of its version on
  arXiv (1509.04610).

A row holds a bias and factors together, so that a bias is drawn with them.
Rows of one side are independent given the other side, so each process of a
group draws a part of them. All random numbers are drawn by everybody, in the
same order: what comes out does not depend on how many there are.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, product
from operator import attrgetter

import numpy as np
import torch
from torch import Tensor, nn

from recslib.processes import borders, place, share

# Of the hyperprior: the rows that its mean counts as, and the squares that
# its spread starts from (ratings have a standard deviation of 1).
PRIOR_ROWS, PRIOR_SQUARES = 2.0, 1.0
# Shape and rate of the Gamma priors of the precisions of noise and of links.
SHAPE, RATE = 1.0, 1.0
FIRST_SD = 0.1  # of the first factors
# So many ratings of ordinary noise stand beside each row's own; chosen on
# validation data of MovieLens 100K.
ORDINARY = 16.0
# Rows are drawn in blocks of at most about so many ratings, which bounds the
# memory; a row costs as much as so many of its ratings. Blocks follow from the
# ratings alone, so the answer does not depend on who draws which. What
# MovieLens 100K has is one block.
BLOCK_RATINGS, ROW_RATINGS = 262_144, 16
# So many others are looked up at a time: what they tell stays in the caches,
# where ten thousands of them would not.
BLOCK_OTHERS = 8_192


@dataclass(eq=False)
class Block:
    """Some rows that follow each other: what they gave to, or got from, some.

    Parameters
    ----------
    span, others
        Which n of all rows, and which m of all others.
    sums
        Sparse (n, m): the standardized ratings.
    """

    span: slice
    others: slice
    sums: Tensor


@dataclass(eq=False)
class Side:
    """Users or items: what they gave or got, and where the sampler stands.

    Parameters
    ----------
    cuts
        This process draws the rows from one cut up to the next, in turn.
    blocks
        Of these rows.
    ends
        Process k draws the rows from ``ends[k]`` up to ``ends[k + 1]``.
    n_ratings
        (n,), of each row.
    features
        (n, k), columns at right angles.
    sizes
        (k,), squared lengths of these columns.
    directions
        (K, k), what turned the K features as given into these.
    rows
        (n, D), the bias first.
    mean, precision
        (D,) and (D, D), of the rows.
    links
        (k, D), from features to rows.
    trust
        (n,), times the noise's precision: 1 is ordinary.
    link_precision
        Of the links, times that of the rows.
    """

    cuts: list[int]
    blocks: list[Block]
    ends: list[int]
    n_ratings: Tensor
    features: Tensor
    sizes: Tensor
    directions: Tensor
    rows: Tensor
    mean: Tensor
    precision: Tensor
    links: Tensor
    trust: Tensor
    link_precision: float = 1.0

    def prior_means(self) -> Tensor:
        """Say where rows are expected before their ratings: (n, D)."""
        return self.mean + self.features @ self.links


def start_side(
    rows: Tensor,
    columns: Tensor,
    y: Tensor,
    sizes: tuple[int, int],
    features: Tensor | None,
    n_factors: int,
    chance: np.random.Generator,
) -> Side:
    """Set a side up: its ratings in blocks, and first rows.

    Parameters
    ----------
    rows, columns
        (N,), whose ratings they are, and of which others.
    y
        (N,), the standardized ratings.
    sizes
        How many rows there are, and others.
    features
        (n, K), or None for none.
    n_factors
        One less than D.
    chance
        First rows are drawn from it.

    Returns
    -------
    Side
        Before the first sweep.

    Raises
    ------
    ValueError
        When features are not one finite row each.
    """
    n, size = sizes[0], 1 + n_factors
    if features is None:
        features = torch.zeros(n, 0)
    turned, directions = _at_right_angles(_checked_features(features, n))
    first = FIRST_SD * _normal(chance, (n, size), y)
    first[:, 0] = 0
    n_ratings = torch.bincount(rows, minlength=n).cpu()
    cuts = _cuts(n_ratings)
    shares = borders(len(cuts) - 1)
    number, _ = place()
    own = cuts[shares[number] : shares[number + 1] + 1]
    return Side(
        cuts=own,
        blocks=_blocks(rows, columns, y, sizes, own),
        ends=[cuts[border] for border in shares],
        n_ratings=n_ratings,
        features=turned.to(y),
        sizes=turned.square().sum(dim=0).to(y),
        directions=directions.to(y),
        rows=first,
        mean=torch.zeros(size).to(y),
        precision=torch.eye(size).to(y),
        links=torch.zeros(turned.shape[1], size).to(y),
        trust=torch.ones(n).to(y),
    )


def draw_side(
    side: Side,
    other: Side,
    noise_precision: float,
    chance: np.random.Generator,
) -> None:
    """Draw what a side's rows come from, then the rows.

    Parameters
    ----------
    side
        Gets new rows, mean, precision and links.
    other
        Held.
    noise_precision
        One over the variance of ratings around their prediction, where user
        and item are ordinary.
    chance
        Everything is drawn from it.

    Raises
    ------
    LostProcessError
        When another process of the group has ended.
    """
    _draw_prior(side, chance)
    counted, rated = _told_to(side, other)
    prior_means = side.prior_means()
    noise_precisions = noise_precision * side.trust
    noise = _normal(chance, side.rows.shape, side.rows)[:, :, None]
    side.rows = torch.empty_like(side.rows)
    start = side.cuts[0]
    for first, last in pairwise(side.cuts):
        span, own = slice(first, last), slice(first - start, last - start)
        means, lower = row_posterior(
            counted[own],
            rated[own],
            prior_means[span],
            side.precision,
            noise_precisions[span],
        )
        scattered = torch.linalg.solve_triangular(
            lower.mT, noise[span], upper=True
        )
        side.rows[span] = means + scattered.squeeze(2)
    share(side.rows, side.ends)


def draw_noise(
    users: Side,
    items: Side,
    noise_precision: float,
    own_noise: bool,
    chance: np.random.Generator,
) -> float:
    """Draw whose ratings are how noisy, and the precision that all share.

    All are Gamma: a row's own noise is drawn as if it had been ordinary in
    ``ORDINARY`` ratings more.

    Parameters
    ----------
    users, items
        Get a new trust.
    noise_precision
        The last one.
    own_noise
        False leaves the trust as it is.
    chance
        Everything is drawn from it.

    Returns
    -------
    float
        The new precision.

    Raises
    ------
    LostProcessError
        When another process of the group has ended.
    """
    for side, other in ((users, items), (items, users)):
        squares = _trusted_squares(side, other)
        if own_noise:
            shapes = ORDINARY + side.n_ratings
            rates = ORDINARY + noise_precision * squares
            drawn = chance.gamma(shapes.numpy() / 2, 2 / rates.numpy())
            side.trust = torch.from_numpy(drawn).to(side.rows)
    total = items.trust.cpu().double() @ squares
    n_ratings = int(items.n_ratings.sum())
    return chance.gamma(SHAPE + n_ratings / 2, 1 / (RATE + total.item() / 2))


def what_a_rating_tells(
    others: Tensor, trust: Tensor
) -> tuple[Tensor, Tensor]:
    """Say what a rating of each other adds to a row's normal equations.

    Parameters
    ----------
    others
        (n_others, D) rows of the other side, the bias first.
    trust
        (n_others,), times the noise's precision: each other's own noise.

    Returns
    -------
    tuple of Tensor
        For each rating, (n_others, D (D + 1) / 2 + D): products of columns,
        each once, and what the others' biases take away. And to be multiplied
        by the rating, (n_others, D).
    """
    n, size = others.shape
    design = others.clone()
    design[:, 0] = 1
    trusted = trust[:, None] * design
    widths = _widths(size)
    told = others.new_empty(n, sum(widths))
    *products, taken = told.split(widths, dim=1)
    # A column with those behind it: to look up all pairs of columns takes
    # several times as long.
    for number, part in enumerate(products):
        torch.mul(trusted[:, number, None], design[:, number:], out=part)
    torch.mul(trusted, others[:, :1], out=taken)
    return told, trusted


def row_posterior(
    counted: Tensor,
    rated: Tensor,
    prior_means: Tensor,
    precision: Tensor,
    noise_precisions: Tensor,
) -> tuple[Tensor, Tensor]:
    """Solve for rows of a side, the other side held.

    A rating is row bias + other's bias + factors · factors + noise, so for
    each row this is a weighted ridge regression: Salakhutdinov and Mnih 2008,
    equations 11 to 13.

    Parameters
    ----------
    counted, rated
        (n, D (D + 1) / 2 + D) and (n, D): the sums over a row's ratings of
        what each tells, the second table times the rating.
    prior_means
        (n, D).
    precision
        (D, D), of a row around its prior mean.
    noise_precisions
        (n,), one over the variance of a row's ratings around their prediction,
        where the other is ordinary.

    Returns
    -------
    tuple of Tensor
        Means (n, D), and lower Cholesky factors of the precisions (n, D, D).
    """
    n, size = prior_means.shape
    noise = noise_precisions[:, None]
    *products, taken = counted.split(_widths(size), dim=1)
    precisions = counted.new_zeros(n, size, size)
    for number, part in enumerate(products):  # the lower half is read alone
        precisions[:, number:, number] = part
    lower = torch.linalg.cholesky(noise[:, None] * precisions + precision)
    wanted = noise * (rated - taken)
    wanted = wanted + prior_means @ precision
    means = torch.cholesky_solve(wanted[:, :, None], lower).squeeze(2)
    return means, lower


def pair_up(of_users: Tensor, of_items: Tensor) -> Tensor:
    """Add biases and dot product: two (..., D), the bias first -> (...)."""
    products = (of_users[..., 1:] * of_items[..., 1:]).sum(dim=-1)
    return of_users[..., 0] + of_items[..., 0] + products


def _told_to(side: Side, other: Side) -> tuple[Tensor, Tensor]:
    """Sum what each row's ratings tell, as `row_posterior` wants it.

    Of the rows that are drawn here: their normal equations.
    """
    start, n = side.cuts[0], side.cuts[-1] - side.cuts[0]
    size = side.rows.shape[1]
    counted = side.rows.new_zeros(n, sum(_widths(size)))
    rated = side.rows.new_zeros(n, size)
    for others, blocks in groupby(side.blocks, key=attrgetter("others")):
        told, trusted = what_a_rating_tells(
            other.rows[others], other.trust[others]
        )
        for block in blocks:
            own = slice(block.span.start - start, block.span.stop - start)
            # A product with a table of ones, in half the time of one.
            counted[own] += nn.functional.embedding_bag(
                block.sums.col_indices(),
                told,
                block.sums.crow_indices(),
                mode="sum",
                include_last_offset=True,
            )
            rated[own] += block.sums @ trusted
    return counted, rated


def _draw_prior(side: Side, chance: np.random.Generator) -> None:
    """Draw precision, mean and links of a side, given its rows.

    Salakhutdinov and Mnih 2008, equation 14, with the links' own rows beside
    those of the side (Simm et al. 2017, equation 4).
    """
    rows, size = side.rows, side.rows.shape[1]
    n, n_features = side.features.shape
    # On the CPU and in float64: these few numbers decide whether all holds.
    left = (rows - side.features @ side.links).cpu().double()
    links = side.links.cpu().double()
    centre = left.mean(dim=0)
    left -= centre
    squares = left.T @ left
    squares += side.link_precision * links.T @ links
    squares += PRIOR_ROWS * n / (PRIOR_ROWS + n) * torch.outer(centre, centre)
    squares += PRIOR_SQUARES * torch.eye(size, dtype=squares.dtype)
    degrees = size + n + n_features
    side.precision = _draw_wishart(chance, degrees, squares).to(rows)
    lower = torch.linalg.cholesky(side.precision)

    def around(centres: Tensor, weight: Tensor | float) -> Tensor:
        """Draw rows with the precision times a weight around centres."""
        noise = _normal(chance, centres.shape, rows)
        scattered = torch.linalg.solve_triangular(
            lower, noise / weight**0.5, upper=False, left=False
        )
        return centres + scattered

    n_seen = PRIOR_ROWS + n
    side.mean = around(n / n_seen * centre[None].to(rows), n_seen)[0]
    if n_features == 0:
        return
    # The columns of the features are at right angles: no system to solve.
    weights = (side.sizes + side.link_precision)[:, None]
    centres = side.features.T @ (rows - side.mean) / weights
    side.links = around(centres, weights)
    charge = (side.links @ side.precision * side.links).sum().item()
    side.link_precision = chance.gamma(
        SHAPE + side.links.numel() / 2, 1 / (RATE + charge / 2)
    )


def _draw_wishart(
    chance: np.random.Generator, degrees: float, inverse_scale: Tensor
) -> Tensor:
    """Draw from a Wishart by M. Bartlett's decomposition (1933): (D, D)."""
    size = len(inverse_scale)
    drawn = np.tril(chance.standard_normal((size, size)), -1)
    of_diagonal = chance.chisquare(degrees - np.arange(size))
    drawn[np.arange(size), np.arange(size)] = np.sqrt(of_diagonal)
    # The scale is the inverse of L L', so L^-T is a root of it.
    lower = torch.linalg.cholesky(inverse_scale)
    root = torch.linalg.solve_triangular(
        lower.T, torch.from_numpy(drawn).to(lower), upper=True
    )
    return root @ root.T


def _normal(
    chance: np.random.Generator, shape: Sequence[int], like: Tensor
) -> Tensor:
    """Draw N(0, 1) on the CPU, so that every device gets the same."""
    drawn = chance.standard_normal(shape, dtype=np.float32)
    return torch.from_numpy(drawn).to(like)


def _widths(size: int) -> list[int]:
    """Say how wide the parts of what a rating tells are.

    Products of each column with itself and those behind it; then what the
    others' biases take away.
    """
    return [*range(size, 0, -1), size]


def _trusted_squares(side: Side, other: Side) -> Tensor:
    """Sum each row's squared errors, as far as the others are trusted: (n,).

    Predictions are those of `pair_up`. Sums are made on the CPU and in
    float64: they come in the same order each time.
    """
    summed = torch.zeros(len(side.rows), dtype=torch.float64)
    trust = other.trust.cpu().double()
    biases, factors = _apart(side.rows)
    other_biases, other_factors = _apart(other.rows)
    for block in side.blocks:
        starts, others = block.sums.crow_indices(), block.sums.col_indices()
        counts = starts.diff()
        products = factors[block.span].repeat_interleave(counts, dim=0)
        products *= other_factors[block.others].index_select(0, others)
        told = biases[block.span].repeat_interleave(counts)
        told += other_biases[block.others].index_select(0, others)
        told += products.sum(dim=1)
        squares = (block.sums.values() - told).cpu().double().square_()
        width = block.sums.shape[1]
        table = _sparse(starts.cpu(), others.cpu(), squares, width)
        summed[block.span] += table @ trust[block.others]
    share(summed, side.ends)
    return summed


def _apart(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Part biases (n,) from factors (n, F), each in one piece for speed."""
    return rows[:, 0].contiguous(), rows[:, 1:].contiguous()


def _blocks(
    rows: Tensor,
    columns: Tensor,
    y: Tensor,
    sizes: tuple[int, int],
    cuts: Sequence[int],
) -> list[Block]:
    """Part ratings into sparse tables; sizes say how many rows and others.

    A table has the rows from one cut up to the next, and `BLOCK_OTHERS`.
    Those of the same others follow each other.
    """
    n, n_others = sizes
    if cuts[-1] - cuts[0] < n:  # other processes have the rest
        own = (rows >= cuts[0]) & (rows < cuts[-1])
        own = torch.nonzero(own)[:, 0]
        rows, columns, y = rows[own], columns[own], y[own]
    parts = columns // BLOCK_OTHERS
    places = (parts * n).add_(rows)
    n_parts = math.ceil(n_others / BLOCK_OTHERS)
    starts = torch.zeros(n_parts * n + 1, dtype=torch.long)
    starts[1:] = torch.bincount(places, minlength=n_parts * n).cumsum(0)
    keys = places.sub_(parts).mul_(BLOCK_OTHERS).add_(columns)
    keys, order = torch.sort(keys)
    columns, y = keys.remainder_(BLOCK_OTHERS).int(), y[order]
    blocks = []
    for part, (first, last) in product(range(n_parts), pairwise(cuts)):
        its = starts[part * n + first : part * n + last + 1]
        some = slice(int(its[0]), int(its[-1]))
        others = slice(
            part * BLOCK_OTHERS, min((part + 1) * BLOCK_OTHERS, n_others)
        )
        its = (its - its[0]).int().to(columns.device)
        width = others.stop - others.start
        sums = _sparse(its, columns[some], y[some], width)
        blocks.append(Block(slice(first, last), others, sums))
    return blocks


def _cuts(n_ratings: Tensor) -> list[int]:
    """Say where blocks of rows begin and, at last, where all end.

    One block, or an even number of them that cost about the same, so that two
    processes have as much to do. Rows that cost more than a block leave fewer.
    """
    cost = (n_ratings + ROW_RATINGS).cumsum(0)
    total = int(cost[-1])
    if total <= BLOCK_RATINGS:
        return [0, len(n_ratings)]
    n_blocks = 2 * math.ceil(total / (2 * BLOCK_RATINGS))
    numbers = (cost - 1) * n_blocks // total
    ends = torch.nonzero(numbers.diff())[:, 0] + 1
    return [0, *ends.tolist(), len(n_ratings)]


def _sparse(
    starts: Tensor, columns: Tensor, values: Tensor, width: int
) -> Tensor:
    """Make a sparse table, rows compressed, from where each row starts."""
    size = len(starts) - 1, width
    with warnings.catch_warnings():
        # PyTorch says once that these tables are in beta.
        warnings.filterwarnings("ignore", "Sparse")
        return torch.sparse_csr_tensor(
            starts, columns, values, size, check_invariants=False
        )


def _at_right_angles(features: Tensor) -> tuple[Tensor, Tensor]:
    """Turn features (n, K) so that their columns stand at right angles.

    Links are drawn with the same spread in every direction, so turned
    features give the same rows, and need no system of K unknowns a sweep.
    Returns (n, k) and the (K, k) that turns them.
    """
    n, n_features = features.shape
    wide = n_features > n
    table = (features.T if wide else features).double()
    squares, turn = torch.linalg.eigh(table.T @ table)
    some = squares > 1e-9 * squares[-1:].clamp_min(1e-30)
    turn = turn[:, some]
    if wide:
        # Of the smaller table: the directions follow from its own.
        turn = features.double().T @ turn / squares[some].sqrt()
    return (features.double() @ turn).float(), turn.float()


def _checked_features(features: Tensor, n: int) -> Tensor:
    if features.ndim != 2 or len(features) != n:
        raise ValueError(
            f"features have the shape {tuple(features.shape)}; give one row "
            f"each, ({n}, K)."
        )
    if not torch.isfinite(features).all():
        raise ValueError("a feature is NaN or infinite.")
    return features
