"""The models of the book: three that predict stars, three that rank.

Each fits in one cell of a chapter. All that one needs to predict is in its
state, so `torch.nn.Module.load_state_dict` gives the same answers. Where they
come from:

- `MatrixFactorization`: Y. Koren, R. Bell, C. Volinsky, "Matrix Factorization
  Techniques for Recommender Systems", IEEE Computer 42(8), 2009, equation 4.
- `FeatureFactorization`: the same article, "Additional input sources": a
  row is what is learnt of a user or item, plus rows of what is known of it.
- `DenseNet`: X. He et al., "Neural Collaborative Filtering", WWW 2017,
  section 3.3 (their MLP), for stars, with biases beside it. Side features
  are added to the embeddings as in S. Rendle, "Factorization Machines",
  ICDM 2010: a feature has factors of its own.
- `LSTMRating`: S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory",
  Neural Computation 9(8), 1997, with the forget gate of F. Gers,
  J. Schmidhuber, F. Cummins, "Learning to Forget", Neural Computation 12(10),
  2000, as the user's side of a matrix factorization:
  C.-Y. Wu et al., "Recurrent Recommender Networks", WSDM 2017. It learns
  what another model leaves, as boosting does: J. Friedman, "Greedy Function
  Approximation", Annals of Statistics 29(5), 2001. `BothSides` reads in both
  directions: M. Schuster, K. Paliwal, "Bidirectional Recurrent Neural
  Networks", IEEE Transactions on Signal Processing 45(11), 1997.
- `ListFactorization`, `ListAutoencoder`, `ListLSTM`: the same three ideas with
  a score for every item at once. The network hears likes and dislikes as an
  autoencoder: D. Liang et al., "Variational Autoencoders for Collaborative
  Filtering", WWW 2018. The LSTM names the next item: B. Hidasi et al.,
  "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016.
- `LinearLists` holds what `recslib.lists` solves for: a model like the others.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recslib.arguments import (
    check_count,
    check_finite,
    check_kind,
    check_number,
    check_rows,
    check_rows_of_table,
    check_same_shape,
    check_table,
    check_tensor,
)

# The tables of a model of users and items.
TABLES = ("user_factors", "item_factors", "user_biases", "item_biases")
# What an LSTM carries along: output and memory, each (1, B, H).
State = tuple[Tensor, Tensor] | None


class Embedding(nn.Embedding):
    """PyTorch's embedding, with a quicker way back on a CPU.

    The same rows and the same gradients. On a CPU most of a fit would be the
    gradient of `torch.nn.Embedding`; that of ``index_select`` takes a part of
    the time. On other devices PyTorch's own is quick, and repeats its bits.
    """

    def forward(self, rows: Tensor) -> Tensor:
        """Look rows up: int64 of any shape (...) -> (..., n_columns)."""
        if self.weight.device.type != "cpu":
            return super().forward(rows)
        try:
            found = self.weight.index_select(0, rows.flatten())
        except (AttributeError, IndexError, RuntimeError, TypeError):
            check_rows_of_table(rows, self.num_embeddings)
            raise
        return found.view(*rows.shape, self.embedding_dim)


class Dropout(nn.Dropout):
    """PyTorch's dropout, drawn in a quicker way on a CPU.

    The same probabilities and the same scale, from other random numbers.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Set each value to 0 with probability p while training: (...)."""
        if not self.training or values.device.type != "cpu" or self.p == 1:
            return super().forward(values)
        kept = torch.rand_like(values) >= self.p
        return values * kept / (1 - self.p)


def embedding(n_rows: int, n_columns: int, sd: float) -> Embedding:
    """Make an embedding whose values are drawn from N(0, sd²).

    Parameters
    ----------
    n_rows, n_columns
        Shape of the table.
    sd
        Standard deviation; 0 starts from zeros. PyTorch's own is 1.

    Raises
    ------
    ValueError
        When a size, or ``sd``, is below 0, or none.
    """
    check_count(n_rows, "the number of rows", least=0)
    check_count(n_columns, "the number of columns", least=0)
    check_number(sd, "sd", least=0)
    table = Embedding(n_rows, n_columns)
    nn.init.normal_(table.weight, std=sd)
    return table


def linear(n_inputs: int, n_outputs: int, sd: float) -> nn.Linear:
    """Make a linear layer whose weights are drawn from N(0, sd²).

    Raises
    ------
    ValueError
        When a size, or ``sd``, is below 0, or none.
    """
    check_count(n_inputs, "the number of inputs", least=0)
    check_count(n_outputs, "the number of outputs", least=0)
    check_number(sd, "sd", least=0)
    layer = nn.Linear(n_inputs, n_outputs)
    nn.init.normal_(layer.weight, std=sd)
    return layer


def set_dropout(model: nn.Module, p: float) -> None:
    """Give every dropout of a model one probability, 0 to 1.

    Raises
    ------
    ValueError
        When it is none, or what should have it is no model.
    """
    check_kind(model, nn.Module, "model")
    check_number(p, "p", least=0, most=1)
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = p


class MatrixFactorization(nn.Module):
    """A rating as mean + user bias + item bias + user · item."""

    def __init__(
        self, n_users: int, n_items: int, n_factors: int, mean: float
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(float(mean)))
        self.user_factors = embedding(n_users, n_factors, sd=0.003)
        self.item_factors = embedding(n_items, n_factors, sd=0.003)
        self.user_biases = embedding(n_users, 1, sd=0.0)
        self.item_biases = embedding(n_items, 1, sd=0.0)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Predict stars: users (B,), items (B,) -> (B,)."""
        biases = self.user_biases(users) + self.item_biases(items)  # (B, 1)
        products = self.user_factors(users) * self.item_factors(items)
        return self.mean + biases.squeeze(1) + products.sum(dim=1)


class FeatureFactorization(nn.Module):
    """A matrix factorization whose rows start from what is known of them."""

    def __init__(
        self,
        n_users: int,
        n_items: int,
        n_factors: int,
        mean: float,
        n_user_features: int,
        n_item_features: int,
    ) -> None:
        super().__init__()
        check_number(mean, "mean")
        check_count(n_user_features, "n_user_features", least=0)
        check_count(n_item_features, "n_item_features", least=0)
        self.register_buffer("mean", torch.tensor(float(mean)))
        self.register_buffer("n_user_features", torch.tensor(n_user_features))
        self.user_factors = embedding(n_users, n_factors, sd=0.003)
        self.item_factors = embedding(n_items, n_factors, sd=0.003)
        self.user_biases = embedding(n_users, 1, sd=0.0)
        self.item_biases = embedding(n_items, 1, sd=0.0)
        # A row of a bias and factors for each feature.
        n_rows = n_user_features + n_item_features
        self.feature_factors = embedding(n_rows, 1 + n_factors, sd=0.0)

    def forward(
        self, users: Tensor, items: Tensor, features: Tensor
    ) -> Tensor:
        """Predict stars: users (B,), items (B,), features (B, D) -> (B,)."""
        n_known = int(self.n_user_features)
        of_user, of_item = features.tensor_split([n_known], dim=1)
        rows = self.feature_factors.weight
        known_user = of_user @ rows[:n_known]  # (B, 1 + F)
        known_item = of_item @ rows[n_known:]
        biases = self.user_biases(users) + self.item_biases(items)
        biases = biases.squeeze(1) + known_user[:, 0] + known_item[:, 0]
        user_factors = self.user_factors(users) + known_user[:, 1:]
        item_factors = self.item_factors(items) + known_item[:, 1:]
        return self.mean + biases + (user_factors * item_factors).sum(dim=1)


class DenseNet(nn.Module):
    """A rating as mean + biases + network(user and item side by side)."""

    def __init__(
        self,
        n_users: int,
        n_items: int,
        n_factors: int,
        mean: float,
        n_features: int = 0,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(float(mean)))
        self.user_factors = embedding(n_users, n_factors, sd=0.02)
        self.item_factors = embedding(n_items, n_factors, sd=0.02)
        self.user_biases = embedding(n_users, 1, sd=0.0)
        self.item_biases = embedding(n_items, 1, sd=0.0)
        self.feature_factors = embedding(n_features, 2 * n_factors, sd=0.0)
        self.hidden = linear(2 * n_factors, 64, sd=0.4)
        self.output = linear(64, 1, sd=0.2)
        self.dropout = Dropout(0.3)

    def forward(
        self, users: Tensor, items: Tensor, features: Tensor | None = None
    ) -> Tensor:
        """Predict stars: users (B,), items (B,), features (B, D) -> (B,)."""
        pair = [self.user_factors(users), self.item_factors(items)]
        inputs = torch.cat(pair, dim=1)  # (B, 2 F)
        if features is not None:
            inputs = inputs + features @ self.feature_factors.weight
        hidden = self.dropout(nn.functional.gelu(self.hidden(inputs)))
        biases = self.user_biases(users) + self.item_biases(items)  # (B, 1)
        return self.mean + (biases + self.output(hidden)).squeeze(1)


class WithProduct(DenseNet):
    """The network, and beside it the dot product of the same two rows."""

    def forward(
        self, users: Tensor, items: Tensor, features: Tensor | None = None
    ) -> Tensor:
        """Predict stars: users (B,), items (B,), features (B, D) -> (B,)."""
        product = self.user_factors(users) * self.item_factors(items)
        return super().forward(users, items, features) + product.sum(dim=1)


class LSTMRating(nn.Module):
    """A base, mended by what an LSTM hears in a person's past ratings."""

    def __init__(self, item_factors: Tensor, n_hidden: int) -> None:
        super().__init__()
        n_factors = item_factors.shape[1]
        padded = nn.functional.pad(item_factors, (0, 0, 0, 1))
        self.item_factors = nn.Embedding.from_pretrained(padded)
        self.lstm = nn.LSTM(n_factors + 1, n_hidden, batch_first=True)
        self.taste = linear(n_hidden, n_factors + 1, sd=0.0)
        self.dropout = Dropout(0.5)

    def listen(
        self, past: Tensor, surprises: Tensor, state: State = None
    ) -> tuple[Tensor, State]:
        """Hear items and surprises: two (B, T) -> tastes (B, T, F + 1)."""
        items = self.dropout(self.item_factors(past))  # (B, T, F)
        heard = torch.cat([items, surprises.unsqueeze(2)], dim=2)
        steps, state = self.lstm(heard, state)  # (B, T, H)
        return self.taste(self.dropout(steps)), state

    def forward(
        self, items: Tensor, base: Tensor, past: Tensor, surprises: Tensor
    ) -> Tensor:
        """Predict stars at every step: four (B, T) -> (B, T)."""
        tastes, _ = self.listen(past, surprises)
        factors = self.dropout(self.item_factors(items))  # (B, T, F)
        return base + tastes[..., -1] + (tastes[..., :-1] * factors).sum(2)


class BothSides(nn.Module):
    """A base, mended by two LSTMs: one hears the past, one what follows."""

    def __init__(self, item_factors: Tensor, n_hidden: int) -> None:
        super().__init__()
        self.before = LSTMRating(item_factors, n_hidden)
        self.after = LSTMRating(item_factors, n_hidden)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Predict stars at every step: eight (B, T) -> (B, T)."""
        said = self.before(*inputs[:4])
        items_back, past_back, surprises_back, mirror = inputs[4:]
        nothing = torch.zeros_like(said)
        back = self.after(items_back, nothing, past_back, surprises_back)
        return said + back.gather(1, mirror)


class ListFactorization(nn.Module):
    """The two embeddings of a matrix factorization, to rank all items."""

    def __init__(self, n_users: int, n_items: int, n_factors: int) -> None:
        super().__init__()
        self.user_factors = embedding(n_users, n_factors, sd=0.1)
        self.item_factors = embedding(n_items, n_factors, sd=0.1)
        self.item_biases = embedding(n_items, 1, sd=0.0)

    def forward(self, users: Tensor) -> Tensor:
        """Score every item: users (B,) -> (B, n_items)."""
        products = self.user_factors(users) @ self.item_factors.weight.T
        return products + self.item_biases.weight[:, 0]


class ListAutoencoder(nn.Module):
    """A network that hears likes and dislikes, and scores every item."""

    def __init__(self, n_items: int, n_hidden: int) -> None:
        super().__init__()
        self.hidden = linear(2 * n_items, n_hidden, sd=0.02)
        self.output = linear(n_hidden, n_items, sd=0.02)

    def forward(self, liked: Tensor, disliked: Tensor) -> Tensor:
        """Score every item: two (B, n_items) of 0 and 1 -> (B, n_items)."""
        heard = torch.cat([liked, disliked], dim=1)  # (B, 2 n_items)
        length = heard.sum(dim=1, keepdim=True).sqrt().clamp_min(1)
        return self.output(nn.functional.gelu(self.hidden(heard / length)))


class ListLSTM(nn.Module):
    """An LSTM that hears films in turn, and scores each as the next one."""

    def __init__(self, n_items: int, n_factors: int, n_hidden: int) -> None:
        super().__init__()
        # One row more, for the padding of short histories.
        self.item_factors = embedding(n_items + 1, n_factors, sd=0.1)
        self.lstm = nn.LSTM(n_factors + 1, n_hidden, batch_first=True)
        self.output = linear(n_hidden, n_items, sd=0.02)

    def forward(self, items: Tensor, liked: Tensor) -> Tensor:
        """Score every item at every step: two (B, T) -> (B, T, n_items)."""
        factors = self.item_factors(items)  # (B, T, F)
        heard = torch.cat([factors, liked.unsqueeze(2)], dim=2)
        steps, _ = self.lstm(heard)  # (B, T, H)
        return self.output(steps)


class LinearLists(nn.Module):
    """Scores by one matrix, of what a person liked, or of both answers.

    Parameters
    ----------
    weights
        (n_items, n_items), which hears what was liked; or (2 n_items,
        n_items), which hears likes and beside them dislikes. Those of
        `recslib.lists.ease` or `recslib.lists.item_neighbours`.
    popular
        (n_items,), scores for who has told nothing that the matrix knows of;
        None: zeros.

    Raises
    ------
    ValueError
        When the weights, or what is popular, have another shape.
    """

    def __init__(self, weights: Tensor, popular: Tensor | None = None) -> None:
        super().__init__()
        check_tensor(weights, "weights")
        n_items = weights.shape[-1] if weights.ndim else 0
        popular = torch.zeros(n_items) if popular is None else popular
        check_tensor(popular, "what is popular")
        shapes = ((n_items, n_items), (2 * n_items, n_items))
        if weights.shape not in shapes or popular.shape != (n_items,):
            raise ValueError(
                f"weights have the shape {tuple(weights.shape)}, and popular "
                f"{tuple(popular.shape)}; give (n_items, n_items) or "
                f"(2 n_items, n_items), and (n_items,)."
            )
        check_table(weights, "weights", floating=True)
        self.register_buffer("weights", weights)
        self.register_buffer("popular", popular)

    def forward(self, liked: Tensor, disliked: Tensor) -> Tensor:
        """Score every item: two (B, n_items) of 0 and 1 -> (B, n_items)."""
        check_table(
            liked,
            "likes",
            n_columns=len(self.popular),
            dtype=self.weights.dtype,
        )
        hears_likes = len(self.weights) == liked.shape[1]
        heard = liked if hears_likes else torch.cat([liked, disliked], dim=1)
        scores = heard @ self.weights
        says_nothing = (scores == scores[:, :1]).all(dim=1, keepdim=True)
        return torch.where(says_nothing, self.popular, scores)


def main_directions(factors: Tensor, n: int) -> Tensor:
    """Turn factors so that few columns tell most, and keep those.

    The first left singular vectors times their singular values (C. Eckart,
    G. Young, "The approximation of one matrix by another of lower rank",
    Psychometrika 1, 1936), scaled.

    Parameters
    ----------
    factors
        (rows, F).
    n
        How many columns to keep, 1 to the smaller of the two sizes.

    Returns
    -------
    Tensor
        (rows, n), with 0.1 as the root mean square of all.

    Raises
    ------
    ValueError
        When ``n`` is out of range, or the factors are no table of finite
        numbers.
    """
    check_table(factors, "factors", floating=True)
    check_finite(factors, "factors")
    check_count(n, "n")
    if n > min(factors.shape):
        raise ValueError(
            f"n is {n}; factors of the shape {tuple(factors.shape)} have 1 "
            f"to {min(factors.shape)} directions."
        )
    left, sizes, _ = torch.linalg.svd(factors.detach(), full_matrices=False)
    kept = left[:, :n] * sizes[:n]
    return 0.1 * kept / kept.square().mean().sqrt().clamp_min(1e-9)


def squared_norms(
    model: MatrixFactorization | DenseNet, users: Tensor, items: Tensor
) -> Tensor:
    """Sum the squares of the embeddings behind each example.

    Times a weight, the penalty of L2 regularization that
    `recslib.training.fit` adds to each rating's squared error: Koren, Bell
    and Volinsky 2009, equation 5.

    Parameters
    ----------
    model
        With factors and biases for users and items.
    users, items
        (B,) int64 row indexes.

    Returns
    -------
    Tensor
        (B,), at least 0.

    Raises
    ------
    ValueError
        When the model lacks one of the four tables; names it. And when users
        or items are no row indexes, or not as many.
    """
    check_tables(model, "L2 charges the rows of")
    of_users = _row_norms(model.user_factors, model.user_biases)
    of_items = _row_norms(model.item_factors, model.item_biases)
    try:
        charged = of_users.index_select(0, users)
        return charged + of_items.index_select(0, items)
    except (IndexError, RuntimeError, TypeError):
        check_rows(users, len(of_users), "user")
        check_rows(items, len(of_items), "item")
        check_same_shape(users=users, items=items)
        raise


def check_tables(
    model: nn.Module, why: str, wanted: tuple[str, ...] = TABLES
) -> None:
    """See that a model has the parts that something needs of it.

    Parameters
    ----------
    model
        One of the book's, or a class of your own.
    why
        What needs them, in a few words that end before their names.
    wanted
        Their names; the factors and biases of both sides if not given.

    Raises
    ------
    ValueError
        When one of them is not there.
    """
    check_kind(model, nn.Module, "model")
    missing = [name for name in wanted if not hasattr(model, name)]
    if missing:
        raise ValueError(
            f"{why} {', '.join(wanted)}; {type(model).__name__} has no "
            f"{' and no '.join(missing)}. Keep these names in your class."
        )


def _row_norms(factors: nn.Embedding, biases: nn.Embedding) -> Tensor:
    """Sum the squares of each row's factors and bias: (rows,)."""
    tables = (factors.weight, biases.weight)
    return sum(table.square().sum(dim=1) for table in tables)
