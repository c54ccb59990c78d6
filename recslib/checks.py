"""The functions behind the self-checks of the exercises.

Each takes an answer and returns ``"Pass."``, or says why not: it names the
case, what is wanted and what came. None of them raises.
"""

from __future__ import annotations


# ---- PyTorch in twenty minutes --------------------------------------------

# ---- Matrix factorization --------------------------------------------------

# ---- A dense network -------------------------------------------------------

# ---- An LSTM that listens --------------------------------------------------
