"""The functions behind the self-checks of the exercises.

Each takes an answer and returns ``"Pass."``, or says why not: it names the
case, what is wanted and what came. None of them raises.
"""

from recslib.checks.dense_network import (
    bag_of_features,
    choice_by_interval,
    gain_by_group,
    lowest_loss_of_pairs,
    multiplying_weights,
    network_of_your_own,
    parameter_count,
    shapes_of_differences,
)
from recslib.checks.lstm import (
    another_listener,
    base_out_of_fold,
    dealt_within_hours,
    known_from,
    masked_error,
    mood_average,
    newest_share,
    shifted_by_one,
    told_from_the_end,
    unheard_inputs,
)
from recslib.checks.matrix_factorization import (
    best_constant,
    better_model,
    bootstrap_interval,
    carries_over,
    damped_mean,
    factorization,
    learning_step,
    ndcg,
    small_factorization,
    user_bias,
    verdict,
)
from recslib.checks.pytorch import (
    column_error,
    guesses_for_user,
    step_by_hand,
    taste_and_bias,
    three_loops,
    training_loop,
)

__all__ = [
    "another_listener",
    "bag_of_features",
    "base_out_of_fold",
    "best_constant",
    "better_model",
    "bootstrap_interval",
    "carries_over",
    "choice_by_interval",
    "column_error",
    "damped_mean",
    "dealt_within_hours",
    "factorization",
    "gain_by_group",
    "guesses_for_user",
    "known_from",
    "learning_step",
    "lowest_loss_of_pairs",
    "masked_error",
    "mood_average",
    "multiplying_weights",
    "ndcg",
    "network_of_your_own",
    "newest_share",
    "parameter_count",
    "shapes_of_differences",
    "shifted_by_one",
    "small_factorization",
    "step_by_hand",
    "taste_and_bias",
    "three_loops",
    "told_from_the_end",
    "training_loop",
    "unheard_inputs",
    "user_bias",
    "verdict",
]
