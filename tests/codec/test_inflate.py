import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.codec.inflate import inflated_length


@given(st.binary(max_size=300), st.integers(1, 400), st.integers(1, 50))
def test_counts_the_bytes_of_a_stream(unit: bytes, times: int, cut: int) -> None:
    packed = zlib.compress(unit * times)
    parts = [packed[at : at + cut] for at in range(0, len(packed), cut)]
    assert inflated_length(parts, 10**9) == len(unit) * times


@given(st.integers(0, 40))
def test_counts_the_bytes_of_a_truncated_stream(lost: int) -> None:
    packed = zlib.compress(bytes(range(256)), 0)
    assert inflated_length([packed[: len(packed) - lost]], 10**9) == 256 - max(0, lost - 4)


def test_does_not_unpack_a_bomb() -> None:
    bomb = zlib.compress(bytes(50_000_000))
    assert 1000 < inflated_length([bomb], 1000) < 1_000_000


@pytest.mark.parametrize("place", [0, -1])
def test_damage_is_an_error(place: int) -> None:
    packed = bytearray(zlib.compress(b"some text, some text, some more"))
    packed[place] ^= 255
    with pytest.raises(zlib.error):
        inflated_length([bytes(packed)], 10**9)
