"""R12: on a day of a watch nothing that a person did is lost, and everything gets its result."""

import sys
from pathlib import Path

import pytest

from tests.reliability.day import AFTER, live

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files are exchanged by Linux")


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize(
    "rounds",
    [pytest.param(2, marks=pytest.mark.slow), pytest.param(60, marks=pytest.mark.soak)],
)
def test_every_picture_gets_its_output_and_nothing_is_lost(
    rounds: int, after: str, first: int, tmp_path: Path
) -> None:
    lived = live(tmp_path, first, after, rounds)
    print(f"{lived.events.total()} events, {lived.kills} kills, {lived.pictures} pictures")
    assert lived.faults == ()
    assert lived.pictures > 10
