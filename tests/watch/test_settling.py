import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sr_batch.files.stamp import Stamp
from sr_batch.watch.settling import Settling

A, B = Path("a"), Path("b")


def stamp(size: int = 1, time: int = 0) -> Stamp:
    return Stamp(1, size, time, time)


def test_gives_out_files_that_stop_changing() -> None:
    settling = Settling(2)
    settling.see(A, stamp(), 10)
    settling.see(A, stamp(), 11)
    assert settling.take(11.9, 9) == {}
    assert settling.wait(11) == 1
    assert settling.take(12, 9) == {A: stamp()}
    assert settling.take(99, 9) == {}
    assert settling.wait(0) == math.inf


def test_a_change_restarts_the_wait() -> None:
    settling = Settling(2)
    settling.see(A, stamp(1), 10)
    settling.see(A, stamp(2), 11)
    assert settling.take(12.5, 9) == {}
    assert settling.take(13, 9) == {A: stamp(2)}


def test_a_complete_file_is_given_out_at_once() -> None:
    settling = Settling(2)
    settling.see(A, stamp(), 10, complete=True)
    assert settling.wait(10) == 0
    assert settling.take(10, 9) == {A: stamp()}


def test_an_empty_file_is_never_complete() -> None:
    """It was just created and is about to be written."""
    settling = Settling(2)
    settling.see(A, stamp(0), 10, complete=True)
    assert settling.take(11, 9) == {}


def test_a_complete_file_that_is_written_again_has_to_settle() -> None:
    settling = Settling(2)
    settling.see(A, stamp(1), 10, complete=True)
    settling.see(A, stamp(2), 10)
    assert settling.take(11, 9) == {}


def test_holds_a_file_back_unless_it_changes() -> None:
    settling = Settling(2)
    settling.later(A, stamp(), 60)
    settling.see(A, stamp(), 20)
    assert settling.take(59, 9) == {}
    assert settling.take(60, 9) == {A: stamp()}
    settling.later(A, stamp(), 600)
    settling.see(A, stamp(5), 100)
    assert settling.take(102, 9) == {A: stamp(5)}


def test_a_scan_does_not_end_a_pause() -> None:
    settling = Settling(2)
    settling.later(A, stamp(), 60)
    settling.see(A, stamp(), 20, old=True)
    settling.see(A, stamp(), 30, complete=True)
    assert settling.take(59, 9) == {}
    assert settling.take(60, 9) == {A: stamp()}


def test_a_file_that_is_held_back_for_its_writer_is_given_out_once_it_is_closed() -> None:
    settling = Settling(2)
    settling.later(A, stamp(), 60, until_closed=True)
    settling.see(A, stamp(), 20, old=True)
    assert settling.take(21, 9) == {}
    settling.see(A, stamp(), 30, complete=True)
    assert settling.take(30, 9) == {A: stamp()}


def test_forgets_missing_files() -> None:
    settling = Settling(2)
    for path in (A, B):
        settling.see(path, stamp(), 0)
    settling.forget(A)
    settling.keep({A})
    assert len(settling) == 0


def test_gives_out_at_most_the_count_in_the_order_seen() -> None:
    settling = Settling(1)
    paths = [Path(str(number)) for number in (3, 1, 2)]
    for path in paths:
        settling.see(path, stamp(), 0)
    assert [*settling.take(5, 2), *settling.take(5, 2)] == paths


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.integers(0, 3), st.booleans()),
        max_size=30,
    )
)
def test_the_last_state_of_every_file_is_given_out_once(
    events: list[tuple[str, int, int, bool]],
) -> None:
    """No file is missed, and none is given out after it has changed."""
    settling, now = Settling(1), 0
    last: dict[Path, Stamp] = {}
    given_out: dict[Path, Stamp] = {}
    for name, size, pause, complete in events:
        now += pause
        for path, found in settling.take(now, 9).items():
            assert last[path] == found != given_out.get(path)
            given_out[path] = found
        path = Path(name)
        last[path] = stamp(size)
        if given_out.get(path) == last[path]:
            settling.forget(path)
        else:
            settling.see(path, last[path], now, complete)
    given_out |= settling.take(now + 1, 9)
    assert given_out == last
    assert len(settling) == 0
