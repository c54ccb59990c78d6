"""The press: from notebooks and pages to the book, one step a module."""


class BuildError(Exception):
    """What stops the book from being made; the message says what to do."""
