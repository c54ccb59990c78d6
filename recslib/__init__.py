"""recslib: the small library behind PyTorch for Recommenders 101.

Flat modules, one idea each, in the order that data flows through them:
arguments, progress, titles, ratings, layout, tables, downloads, movielens,
features, splits, baselines, models, sequences, training, recipes, whole,
processes, checkpoints, draws, sampling, lists, evaluation, recommend, saving,
cluster, serve, export, style, drawings, ladders, plots.
"""

__version__ = "0.1.0"
