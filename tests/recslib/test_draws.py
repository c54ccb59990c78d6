import numpy as np
import pytest
import torch

from recslib import draws


def test_rows_are_ridge_regressions_where_the_other_side_is_held():
    chance = np.random.default_rng(0)
    n, n_others, size = 5, 7, 4
    noise_precisions = chance.uniform(0.5, 3.0, n)
    trust = chance.uniform(0.2, 2.0, n_others)
    users, items = np.nonzero(chance.random((n, n_others)) < 0.6)
    y = chance.normal(size=len(users))
    others = chance.normal(size=(n_others, size))
    prior_means = chance.normal(size=(n, size))
    root = chance.normal(size=(size, size))
    precision = root @ root.T + np.eye(size)

    told, trusted = draws.what_a_rating_tells(
        torch.tensor(others), torch.tensor(trust)
    )
    pairs = torch.tensor(users), torch.tensor(items)
    (block,) = draws._blocks(*pairs, torch.tensor(y), (n, n_others), [0, n])
    table = block.sums.to_dense()
    means, lower = draws.row_posterior(
        (table != 0).to(told) @ told,
        table @ trusted,
        torch.tensor(prior_means),
        torch.tensor(precision),
        torch.tensor(noise_precisions),
    )
    for row in range(n):
        of_row = users == row
        x = others[items[of_row]].copy()
        left = y[of_row] - x[:, 0]
        x[:, 0] = 1
        noise = noise_precisions[row] * trust[items[of_row]]
        wanted = (noise[:, None] * x).T @ x + precision
        right = x.T @ (noise * left) + precision @ prior_means[row]
        np.testing.assert_allclose(
            means[row], np.linalg.solve(wanted, right), rtol=1e-9
        )
        np.testing.assert_allclose(lower[row] @ lower[row].T, wanted)


def test_a_wishart_has_its_mean_and_its_spread():
    chance = np.random.default_rng(1)
    root = torch.tensor(chance.normal(size=(3, 3)))
    inverse_scale = root @ root.T + torch.eye(3, dtype=root.dtype)
    scale, degrees = torch.linalg.inv(inverse_scale), 8.0
    drawn = torch.stack(
        [
            draws._draw_wishart(chance, degrees, inverse_scale)
            for _ in range(20_000)
        ]
    )
    # Var W_ij = degrees (S_ij² + S_ii S_jj).
    diagonal = scale.diagonal()
    variance = degrees * (scale**2 + torch.outer(diagonal, diagonal))
    apart = (drawn.mean(dim=0) - degrees * scale).abs()
    assert (apart < 5 * (variance / len(drawn)).sqrt()).all()
    assert torch.allclose(drawn.var(dim=0), variance, rtol=0.1)


def test_features_are_turned_and_nothing_else():
    chance = torch.Generator().manual_seed(0)
    for n, n_features in ((9, 4), (4, 9)):
        features = torch.randn(n, n_features, generator=chance)
        turned, directions = draws._at_right_angles(features)
        assert torch.allclose(features @ directions, turned, atol=1e-5)
        assert torch.allclose(
            turned @ turned.T, features @ features.T, atol=1e-4
        )
        across = turned.T @ turned
        assert torch.allclose(across, torch.diag(across.diagonal()), atol=1e-4)
    same = torch.ones(5, 3)  # three columns, one direction
    assert draws._at_right_angles(same)[0].shape == (5, 1)
    assert draws._at_right_angles(torch.zeros(5, 2))[0].shape == (5, 0)
    assert draws._at_right_angles(torch.zeros(5, 0))[0].shape == (5, 0)


def test_blocks_part_the_rows_and_hold_every_rating_once(monkeypatch):
    monkeypatch.setattr(draws, "BLOCK_RATINGS", 12)
    monkeypatch.setattr(draws, "ROW_RATINGS", 2)
    monkeypatch.setattr(draws, "BLOCK_OTHERS", 8)
    # Costs add up to 22, 27, 33, 35, 46, 48; rows 3 and 5 have no rating.
    n_ratings = torch.tensor([20, 3, 4, 0, 9, 0])
    rows = torch.arange(6).repeat_interleave(n_ratings)
    columns = torch.cat([torch.arange(n) for n in n_ratings.tolist()])
    mixed = torch.randperm(36, generator=torch.Generator().manual_seed(0))
    y = torch.arange(36.0) + 1
    cuts = draws._cuts(n_ratings)
    assert cuts == [0, 1, 4, 6]
    wanted = torch.zeros(6, 20)
    wanted[rows, columns] = y
    # One process draws all; another the last two blocks; a third has none.
    for own in (cuts, cuts[1:], cuts[1:2]):
        blocks = draws._blocks(
            rows[mixed], columns[mixed], y[mixed], (6, 20), own
        )
        held = torch.zeros(6, 20)
        for block in blocks:
            held[block.span, block.others] += block.sums.to_dense()
        some = torch.zeros(6, 20)
        some[own[0] : own[-1]] = wanted[own[0] : own[-1]]
        assert torch.equal(held, some)
        others = [(block.others.start, block.others.stop) for block in blocks]
        n_rows = len(own) - 1
        assert (
            others
            == [(0, 8)] * n_rows + [(8, 16)] * n_rows + [(16, 20)] * n_rows
        )


def test_blocks_are_one_or_an_even_number_that_cost_the_same(monkeypatch):
    monkeypatch.setattr(draws, "BLOCK_RATINGS", 100)
    monkeypatch.setattr(draws, "ROW_RATINGS", 1)
    one = torch.full((10,), 9)
    assert draws._cuts(one) == [0, 10]
    for n_rows in (11, 19, 31, 50):
        cuts = draws._cuts(torch.full((n_rows,), 9))
        sizes = torch.tensor(cuts).diff()
        assert len(sizes) % 2 == 0
        assert sizes.max() <= 10 and sizes.max() - sizes.min() <= 1


def test_each_process_sums_what_its_own_rows_are_told(monkeypatch):
    monkeypatch.setattr(draws, "BLOCK_OTHERS", 8)
    chance = np.random.default_rng(0)
    rows, columns = np.nonzero(chance.random((9, 20)) < 0.3)
    rows, columns = torch.tensor(rows), torch.tensor(columns)
    y = torch.tensor(chance.normal(size=len(rows)))
    side = draws.start_side(rows, columns, y, (9, 20), None, 3, chance)
    other = draws.start_side(columns, rows, y, (20, 9), None, 3, chance)
    other.rows = torch.tensor(chance.normal(size=(20, 4)))
    other.trust = torch.tensor(chance.uniform(0.5, 2.0, 20))
    told, trusted = draws.what_a_rating_tells(other.rows, other.trust)
    table = torch.zeros(9, 20, dtype=y.dtype)
    table[rows, columns] = y
    wanted = (table != 0).to(told) @ told, table @ trusted
    for own in ([0, 4, 9], [4, 9], [9]):
        side.cuts = own
        side.blocks = draws._blocks(rows, columns, y, (9, 20), own)
        drawn = slice(own[0], own[-1])
        for ours, of_all in zip(
            draws._told_to(side, other), wanted, strict=True
        ):
            assert torch.allclose(ours, of_all[drawn])


# --- The whole, exactly -------------------------------------------------

# Who rated what in the smallest of worlds, and one feature a user.
USERS = torch.tensor([0, 0, 0, 1, 1, 2, 2, 3, 3])
ITEMS = torch.tensor([0, 1, 2, 0, 2, 1, 2, 0, 1])
KNOWN = torch.tensor([[1.0, 0.5], [0.0, -1.0], [0.3, 1.0], [-1.0, 0.2]])


def sides_with(y, chance):
    users = draws.start_side(USERS, ITEMS, y, (4, 3), KNOWN, 1, chance)
    items = draws.start_side(ITEMS, USERS, y, (3, 4), None, 1, chance)
    return users, items


def drawn_from_the_prior(chance):
    """Draw everything but ratings, in the order in which the model says it."""
    users, items = sides_with(torch.zeros(9, dtype=torch.float64), chance)
    ordinary = draws.ORDINARY
    for side in (users, items):
        n_links, size = side.links.shape
        wishart = chance.standard_normal((size, size)) / np.sqrt(
            draws.PRIOR_SQUARES
        )  # with as many degrees as rows
        precision = wishart @ wishart.T
        root = np.linalg.inv(np.linalg.cholesky(precision))

        def around(n, weight, root=root, size=size):
            noise = chance.standard_normal((n, size))
            return torch.tensor(noise @ root) / weight**0.5

        side.precision = torch.tensor(precision)
        side.mean = around(1, draws.PRIOR_ROWS)[0]
        side.link_precision = chance.gamma(draws.SHAPE, 1 / draws.RATE)
        side.links = around(n_links, side.link_precision)
        side.rows = side.prior_means() + around(len(side.rows), 1.0)
        own = chance.gamma(ordinary / 2, 2 / ordinary, size=len(side.rows))
        side.trust = torch.tensor(own)
    noise_precision = chance.gamma(draws.SHAPE, 1 / draws.RATE)
    return users, items, noise_precision


def numbers_of(users, items, noise_precision):
    """Write down numbers of a state, none of which can be large."""
    determinants = [torch.logdet(side.precision) for side in (users, items)]
    return [
        np.log(noise_precision),
        users.trust.log().mean().item(),
        items.trust.log().mean().item(),
        users.trust[0].log().item(),
        np.log(users.link_precision),
        *torch.stack(determinants).clamp(-20, 20).tolist(),
        *users.rows.square().tanh().mean(dim=0).tolist(),
        *items.rows.square().tanh().mean(dim=0).tolist(),
        *users.mean.square().tanh().tolist(),
        *users.links.square().tanh().mean(dim=0).tolist(),
    ]


def swept(users, items, noise_precision, chance):
    """Draw everything once, in the order of the sampler."""
    draws.draw_side(users, items, noise_precision, chance)
    draws.draw_side(items, users, noise_precision, chance)
    return draws.draw_noise(users, items, noise_precision, True, chance)


@pytest.mark.slow
def test_the_sampler_leaves_what_is_right_as_it_is(monkeypatch):
    # Little is ordinary, so that each row's own noise counts.
    monkeypatch.setattr(draws, "ORDINARY", 6.0)
    # J. Geweke, "Getting It Right", JASA 99, 2004: draw a state from the
    # prior and ratings from the state, sweep, draw ratings anew, sweep: a
    # right sampler ends in states that are again draws from the prior.
    chance = np.random.default_rng(0)
    before, after = [], []
    for _ in range(800):
        users, items, noise_precision = drawn_from_the_prior(chance)
        before.append(numbers_of(users, items, noise_precision))
        for _ in range(4):
            told = draws.pair_up(users.rows[USERS], items.rows[ITEMS])
            noise = torch.tensor(chance.standard_normal(9))
            trust = users.trust[USERS] * items.trust[ITEMS]
            y = told + noise / (noise_precision * trust) ** 0.5
            users.blocks = draws._blocks(USERS, ITEMS, y, (4, 3), [0, 4])
            items.blocks = draws._blocks(ITEMS, USERS, y, (3, 4), [0, 3])
            noise_precision = swept(users, items, noise_precision, chance)
        after.append(numbers_of(users, items, noise_precision))
    before, after = np.array(before), np.array(after)
    apart = after.mean(axis=0) - before.mean(axis=0)
    error = np.sqrt((before.var(axis=0) + after.var(axis=0)) / len(before))
    assert (np.abs(apart) < 4 * error).all(), apart / error
