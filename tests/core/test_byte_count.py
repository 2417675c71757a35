import pytest

from sr_batch.core.byte_count import rough_bytes


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_499, "1 kB"),
        (4_200_000, "4.2 MB"),
        (3_000_000_000, "3.0 GB"),
    ],
)
def test_only_nothing_is_shown_as_zero(count: int, shown: str) -> None:
    assert rough_bytes(count) == shown
