from pathlib import Path

from sr_batch.files.stamp import Stamp
from sr_batch.watch.attempts import Attempts

A, B = Path("a"), Path("b")
NOW, LATER = Stamp(1, 1, 1, 1), Stamp(1, 2, 2, 2)


def test_pauses_grow_and_end() -> None:
    attempts = Attempts()
    pauses = [attempts.add(A, NOW, "memory", 10**6) for _ in range(5)]
    assert pauses == [10, 30, 90, 270, None]
    assert attempts.count(A, NOW) == 5


def test_a_change_begins_anew() -> None:
    attempts = Attempts()
    assert [attempts.add(A, NOW, "memory", 0) for _ in range(3)] == [10, 30, 90]
    assert attempts.count(A, LATER) == 0
    assert attempts.add(A, LATER, "memory", 0) == 10
    assert attempts.add(B, NOW, "memory", 0) == 10


def test_only_what_may_pass_is_tried_again() -> None:
    attempts = Attempts()
    assert attempts.add(A, NOW, "input", 0) is None
    assert attempts.add(B, NOW, "damage", 59) == 10  # it may still be written
    assert attempts.add(B, NOW, "damage", 61) is None


def test_forgets_what_is_settled_or_gone() -> None:
    attempts = Attempts()
    for path in (A, B):
        attempts.add(path, NOW, "memory", 0)
    attempts.forget(A)
    assert (attempts.count(A, NOW), attempts.count(B, NOW)) == (0, 1)
    attempts.keep({A})
    assert attempts.count(B, NOW) == 0
