import io
import resource
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr_batch.batch.decoder_process import Limits, held_to, receive, send
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.image import Image, Timing
from tests.codec.pictures import full_metadata, picture

ROOT = Path(__file__).parents[2]

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited there alone")


def sent(*values: object) -> io.BytesIO:
    stream = io.BytesIO()
    for value in values:
        send(stream, value)
    stream.seek(0)
    return stream


@settings(max_examples=30)
@given(values=st.lists(st.one_of(st.binary(), st.text(), st.none()), max_size=4))
def test_receives_what_was_sent(values: list[Any]) -> None:
    stream = sent(*values)
    assert [receive(stream) for _ in values] == values
    with pytest.raises(EOFError):
        receive(stream)


@pytest.mark.parametrize("depth", [8, 16])
def test_pixels_do_not_go_through_the_pickle(depth: int) -> None:
    image = replace(picture(3, True, depth, 300, 400), metadata=full_metadata())
    view = replace(image, color=image.color[::-1, ::2], timing=Timing(Fraction(40), 0))
    for each in (image, view):
        stream = sent(each)
        received: Image = receive(stream)
        assert np.array_equal(received.color, each.color)
        assert received.color.dtype == each.color.dtype
        assert replace(received, color=each.color, alpha=each.alpha) == each
    head = sent(image).read(16)
    parts, first = (int.from_bytes(head[at : at + 8], "little") for at in (0, 8))
    assert parts == 3
    assert first < 10_000


def test_a_message_that_is_cut_off_ends_the_stream() -> None:
    whole = sent(picture(1, False, 8)).getvalue()
    for length in range(len(whole)):
        with pytest.raises(EOFError):
            receive(io.BytesIO(whole[:length]))


@linux_only
def test_limits_hold_for_a_block_and_no_longer() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    limits = Limits(60, 1 << 30)
    with pytest.raises(UnreadableImage), held_to(limits):
        assert 1 << 30 < resource.getrlimit(resource.RLIMIT_DATA)[0] < 1 << 33
        raise UnreadableImage
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


# In a process of its own: what tests before it have freed would be there to decode into.
STARVED = """
import sys
import numpy as np
from sr_batch import codec
from sr_batch.batch.decoder_process import Limits, held_to
from sr_batch.core.image import Image
codec.preload()
image = Image(np.zeros((3000, 3000, 3), sys.argv[1]))
data = codec.encode_image(image, "png", 95)
# Enough for what comes back, but not for what it is decoded into first; then enough for both.
for share in (1.5, 8):
    try:
        with held_to(Limits(60, int(image.color.nbytes * share))):
            print(codec.read_image(data, "a", image.size.pixels).size)
    except MemoryError as error:
        print(type(error).__name__)
"""


@linux_only
@pytest.mark.parametrize("depth", [8, 16])
def test_a_decoder_without_memory_says_so(depth: int) -> None:
    """Pillow's, and OpenCV's, which does not by itself tell it from a damaged file."""
    command = [sys.executable, "-c", STARVED, f"uint{depth}"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.stderr, run.stdout) == ("", "MemoryError\n3000x3000\n")
