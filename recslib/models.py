"""The three models of the book. Each predicts ratings in stars.

Each fits in one cell of a chapter. Where they come from:

- `MatrixFactorization`: Y. Koren, R. Bell, C. Volinsky, "Matrix Factorization
  Techniques for Recommender Systems", IEEE Computer 42(8), 2009, equation 4.
- `DenseNet`: X. He et al., "Neural Collaborative Filtering", WWW 2017,
  section 3.3 (their MLP), for stars, with biases beside it. Side features
  are added to the embeddings as in S. Rendle, "Factorization Machines",
  ICDM 2010: a feature has factors of its own.
- `LSTMRating`: S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory",
  Neural Computation 9(8), 1997, as the user's side of a matrix factorization:
  C.-Y. Wu et al., "Recurrent Recommender Networks", WSDM 2017.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


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
        found = self.weight.index_select(0, rows.flatten())
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
    """
    table = Embedding(n_rows, n_columns)
    nn.init.normal_(table.weight, std=sd)
    return table


def linear(n_inputs: int, n_outputs: int, sd: float) -> nn.Linear:
    """Make a linear layer whose weights are drawn from N(0, sd²)."""
    layer = nn.Linear(n_inputs, n_outputs)
    nn.init.normal_(layer.weight, std=sd)
    return layer


class MatrixFactorization(nn.Module):
    """A rating as mean + user bias + item bias + user · item."""

    def __init__(
        self, n_users: int, n_items: int, n_factors: int, mean: float
    ) -> None:
        super().__init__()
        self.mean = mean
        self.user_factors = embedding(n_users, n_factors, sd=0.003)
        self.item_factors = embedding(n_items, n_factors, sd=0.003)
        self.user_biases = embedding(n_users, 1, sd=0.0)
        self.item_biases = embedding(n_items, 1, sd=0.0)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Predict stars: users (B,), items (B,) -> (B,)."""
        biases = self.user_biases(users) + self.item_biases(items)  # (B, 1)
        products = self.user_factors(users) * self.item_factors(items)
        return self.mean + biases.squeeze(1) + products.sum(dim=1)


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
        self.mean = mean
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


class LSTMRating(nn.Module):
    """A rating from a taste that is heard in all the ratings before it."""

    def __init__(self, n_items: int, n_factors: int, mean: float) -> None:
        super().__init__()
        self.mean = mean
        self.item_factors = embedding(n_items + 1, n_factors, sd=0.1)
        self.item_biases = embedding(n_items + 1, 1, sd=0.0)
        self.lstm = nn.LSTM(n_factors + 1, 2 * n_factors, batch_first=True)
        self.taste = nn.Linear(2 * n_factors, n_factors + 1)
        self.dropout = nn.Dropout(0.4)

    def forward(
        self, items: Tensor, past_items: Tensor, past_ratings: Tensor
    ) -> Tensor:
        """Predict stars at every step: three (B, T) -> (B, T)."""
        past = self.dropout(self.item_factors(past_items))  # (B, T, F)
        surprise = (past_ratings - self.mean).unsqueeze(2)  # (B, T, 1)
        steps, _ = self.lstm(torch.cat([past, surprise], dim=2))  # (B, T, H)
        taste = self.taste(self.dropout(steps))  # (B, T, F + 1)
        factors = self.dropout(self.item_factors(items))  # (B, T, F)
        biases = self.item_biases(items).squeeze(2) + taste[..., -1]
        return self.mean + biases + (taste[..., :-1] * factors).sum(dim=2)


def squared_norms(
    model: MatrixFactorization | DenseNet, users: Tensor, items: Tensor
) -> Tensor:
    """Sum the squares of the embeddings behind each example.

    Times a weight, the penalty of L2 regularization that `fit` adds to each
    rating's squared error: Koren, Bell and Volinsky 2009, equation 5.

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
    """
    of_users = _row_norms(model.user_factors, model.user_biases)
    of_items = _row_norms(model.item_factors, model.item_biases)
    return of_users.index_select(0, users) + of_items.index_select(0, items)


def _row_norms(factors: nn.Embedding, biases: nn.Embedding) -> Tensor:
    """Sum the squares of each row's factors and bias: (rows,)."""
    tables = (factors.weight, biases.weight)
    return sum(table.square().sum(dim=1) for table in tables)
