"""Random choices in these tests follow from a number, so that every case can be repeated."""

import os

import pytest

from tests.watch.conftest import watching as watching


@pytest.fixture
def first(request: pytest.FixtureRequest) -> int:
    """The first number of a test: always the same, but in a soak the one that `make soak` chose."""
    in_soak = request.node.get_closest_marker("soak") is not None
    return int(os.environ.get("SOAK_FIRST", "0")) if in_soak else 0
