"""The three models of the book. Each predicts ratings in stars."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MatrixFactorization(nn.Module):
    """A rating as mean + user bias + item bias + user · item.

    The model of Koren, Bell and Volinsky, "Matrix Factorization Techniques
    for Recommender Systems", IEEE Computer 42(8), 2009, equation 4.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        n_factors: int = 100,
        mean: float = 3.5,
        init_sd: float = 0.03,
    ) -> None:
        super().__init__()
        self.mean = mean
        self.user_factors = nn.Embedding(n_users, n_factors)
        self.item_factors = nn.Embedding(n_items, n_factors)
        self.user_biases = nn.Embedding(n_users, 1)
        self.item_biases = nn.Embedding(n_items, 1)
        nn.init.normal_(self.user_factors.weight, std=init_sd)
        nn.init.normal_(self.item_factors.weight, std=init_sd)
        nn.init.zeros_(self.user_biases.weight)
        nn.init.zeros_(self.item_biases.weight)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Predict stars: users (B,), items (B,) -> (B,)."""
        biases = self.user_biases(users) + self.item_biases(items)  # (B, 1)
        products = self.user_factors(users) * self.item_factors(items)
        return self.mean + biases.squeeze(1) + products.sum(dim=1)

    def squared_norms(self, users: Tensor, items: Tensor) -> Tensor:
        """Sum the squares of the parameters behind each example: (B,)."""
        return _squared_norms(self, users, items)


class DenseNet(nn.Module):
    """A rating as mean + biases + network(user and item side by side).

    The two-embedding network of He et al., "Neural Collaborative Filtering",
    WWW 2017, section 3.3 (their MLP), for stars, with biases beside it.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        n_factors: int = 32,
        n_hidden: int = 64,
        mean: float = 3.5,
        dropout: float = 0.2,
        init_sd: float = 0.1,
    ) -> None:
        super().__init__()
        self.mean = mean
        self.user_factors = nn.Embedding(n_users, n_factors)
        self.item_factors = nn.Embedding(n_items, n_factors)
        self.user_biases = nn.Embedding(n_users, 1)
        self.item_biases = nn.Embedding(n_items, 1)
        self.network = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(2 * n_factors, n_hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(n_hidden, 1),
        )
        nn.init.normal_(self.user_factors.weight, std=init_sd)
        nn.init.normal_(self.item_factors.weight, std=init_sd)
        nn.init.zeros_(self.user_biases.weight)
        nn.init.zeros_(self.item_biases.weight)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Predict stars: users (B,), items (B,) -> (B,)."""
        biases = self.user_biases(users) + self.item_biases(items)  # (B, 1)
        pair = [self.user_factors(users), self.item_factors(items)]
        outputs = self.network(torch.cat(pair, dim=1))  # (B, 1)
        return self.mean + (biases + outputs).squeeze(1)

    def squared_norms(self, users: Tensor, items: Tensor) -> Tensor:
        """Sum the squares of the embeddings behind each example: (B,)."""
        return _squared_norms(self, users, items)


def _squared_norms(
    model: MatrixFactorization | DenseNet, users: Tensor, items: Tensor
) -> Tensor:
    parts = [
        model.user_factors(users),
        model.item_factors(items),
        model.user_biases(users),
        model.item_biases(items),
    ]
    return torch.cat(parts, dim=1).square().sum(dim=1)


class LSTMRating(nn.Module):
    """A rating from the item asked about and all the ratings before it.

    An LSTM (Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural
    Computation 9(8), 1997) hears one (item, rating) pair a step. What it
    carries along becomes a taste: a user bias and factors for that moment.
    Item ``n_items`` stands for none: padding, or nothing heard yet.
    """

    def __init__(
        self,
        n_items: int,
        n_factors: int = 32,
        n_hidden: int = 64,
        mean: float = 3.5,
        dropout: float = 0.4,
        init_sd: float = 0.1,
    ) -> None:
        super().__init__()
        self.mean = mean
        self.n_items = n_items
        self.item_factors = nn.Embedding(n_items + 1, n_factors)
        self.item_biases = nn.Embedding(n_items + 1, 1)
        self.lstm = nn.LSTM(n_factors + 2, n_hidden, batch_first=True)
        self.taste = nn.Linear(n_hidden, 1 + n_factors)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.item_factors.weight, std=init_sd)
        nn.init.zeros_(self.item_biases.weight)

    def listen(
        self,
        past_items: Tensor,
        past_ratings: Tensor,
        state: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Hear ratings one after the other.

        Parameters
        ----------
        past_items, past_ratings
            (B, T) row indexes and stars, the oldest first.
        state
            What the last call returned, to go on from there.

        Returns
        -------
        tuple
            Tastes after each step (B, T, 1 + n_factors), and the state.
        """
        heard = past_items != self.n_items
        surprise = torch.where(heard, past_ratings - self.mean, 0.0)
        flags = torch.stack([surprise, heard.float()], dim=2)  # (B, T, 2)
        items = self.dropout(self.item_factors(past_items))  # (B, T, F)
        steps, state = self.lstm(torch.cat([items, flags], dim=2), state)
        return self.taste(self.dropout(steps)), state

    def forward(
        self, items: Tensor, past_items: Tensor, past_ratings: Tensor
    ) -> Tensor:
        """Predict stars at each step: three (B, T) -> (B, T)."""
        tastes, _ = self.listen(past_items, past_ratings)
        biases = tastes[..., 0] + self.item_biases(items).squeeze(2)
        factors = self.dropout(self.item_factors(items))
        products = tastes[..., 1:] * factors
        return self.mean + biases + products.sum(dim=2)


def _squared_norms(
    model: MatrixFactorization | DenseNet, users: Tensor, items: Tensor
) -> Tensor:
    parts = [
        model.user_factors(users),
        model.item_factors(items),
        model.user_biases(users),
        model.item_biases(items),
    ]
    return torch.cat(parts, dim=1).square().sum(dim=1)
