"""The book on paper: the built pages merged, and printed to a PDF."""
