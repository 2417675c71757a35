import pytest

from sr_batch.core.duration import rough_duration


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.00004, "0 s"),
        (0.0123, "0.012 s"),
        (5.23, "5.2 s"),
        (9.97, "10 s"),
        (42.4, "42 s"),
        (99.4, "99 s"),
        (99.7, "100 s"),
        (119, "2 min"),
        (420, "7 min"),
        (5950, "99 min"),
        (5980, "1.7 h"),
        (86_400, "24.0 h"),
    ],
)
def test_shows_what_an_estimate_knows(seconds: float, shown: str) -> None:
    assert rough_duration(seconds) == shown
