"""recslib: the small library behind PyTorch for Recommenders 101.

Flat modules, one idea each, in the order that data flows through them:
arguments, progress, titles, ratings, layout, columns, rows, tables,
downloads, movielens, features, splits, baselines, models, sequences, training,
recipes, whole, processes, checkpoints, draws, sampling, lists, evaluation,
recommend, saving, cluster, serve, overview, verdicts, fitted, study, export,
style, drawings, ladders, plots, report, command.
"""

__version__ = "0.1.0"
