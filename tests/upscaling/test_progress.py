from hypothesis import given
from hypothesis import strategies as st

from sr_batch.core.geometry import Size
from sr_batch.upscaling.progress import Progress


def test_passes_share_the_pixels_of_the_input_by_their_work() -> None:
    reported: list[int] = []
    progress = Progress(Size(10, 10), (2, 2), reported.append)
    progress.add(100)  # all of the first pass, a fifth of the work
    assert reported == [20]
    progress.add(400)
    assert reported == [20, 80]


def test_a_repeated_pass_counts_once() -> None:
    reported: list[int] = []
    progress = Progress(Size(10, 10), (2,), reported.append)
    for _ in range(2):
        progress.add(100)
    progress.finish()
    assert reported == [100]


def test_restored_pixels_are_told_apart() -> None:
    reported: list[int] = []
    restored: list[int] = []
    progress = Progress(Size(10, 10), (2, 2), reported.append, restored.append)
    progress.add(100)
    progress.restore(200)
    progress.add(200)
    assert (reported, restored) == ([20, 40], [40])


@given(st.integers(1, 99), st.integers(1, 99), st.lists(st.integers(0, 5000)))
def test_reports_add_up_to_the_input(width: int, height: int, done: list[int]) -> None:
    reported: list[int] = []
    progress = Progress(Size(width, height), (3, 2), reported.append)
    for pixels in done:
        progress.add(pixels)
    progress.finish()
    assert sum(reported) == width * height
    assert min(reported) > 0
