"""recslib: the small library behind PyTorch for Recommenders 101.

Flat modules, one idea each, in the order that data flows through them:
ratings, tables, progress, movielens, splits, baselines, features, models,
sequences, training, recipes, evaluation, recommend, export, plots.
"""

__version__ = "0.1.0"
