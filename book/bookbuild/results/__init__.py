"""The results page: every rung and peer, as figures and tables."""
