"""recslib: the small library behind PyTorch for Recommenders 101.

Flat modules, one idea each, in the order that data flows through them:
ratings, tables, movielens, splits, baselines, models, sequences, training,
evaluation, recommend, export, plots.
"""

__version__ = "0.1.0"
