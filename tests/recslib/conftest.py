import inspect
import io
import re

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch
from hypothesis import settings

from recslib import style
from recslib.movielens import load

# A busy machine is no failure: nothing here is judged by the clock.
settings.register_profile("book", deadline=None, max_examples=40)
settings.load_profile("book")
# Threads that wait for each other on busy cores cost more than they bring.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def ml_100k():
    """Read the real ratings once for all tests that are marked `data`."""
    return load("100k").ratings


@pytest.fixture
def a_clean_desk():
    """Find no figure of other tests, and leave none behind, and no setting."""
    plt.close("all")
    with matplotlib.rc_context():
        yield
    plt.close("all")


@pytest.fixture
def figures_of():
    """Return what names the functions of a module that draw on an Axes."""
    return lambda module: {
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and inspect.signature(function).return_annotation == "Axes"
    }


@pytest.fixture
def picture_of():
    """Return what renders a figure in the book's style, as a PNG's bytes."""

    def rendered(draw, form="png"):
        style.use_book_style()
        picture = io.BytesIO()
        draw(None).figure.savefig(picture, format=form)
        return picture.getvalue()

    return rendered


@pytest.fixture
def colours_of(picture_of):
    """Return what lists the colours in which a figure is drawn."""

    def used(draw):
        svg = picture_of(draw, "svg").decode()
        return set(re.findall(r"#[0-9a-f]{6}(?=[;\"])", svg))

    return used
