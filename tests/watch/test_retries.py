from pathlib import Path

from sr_batch.files.stamp import Stamp
from sr_batch.watch.retries import Retries

A, B = Path("a"), Path("b")
NOW, LATER = Stamp(1, 1, 1, 1), Stamp(1, 2, 2, 2)


def test_pauses_grow_until_there_are_no_more_retries() -> None:
    retries = Retries()
    pauses = [retries.add(A, NOW, "memory", 10**6) for _ in range(5)]
    assert pauses == [10, 30, 90, 270, None]
    assert retries.count(A, NOW) == 5


def test_a_change_resets_the_count() -> None:
    retries = Retries()
    assert [retries.add(A, NOW, "memory", 0) for _ in range(3)] == [10, 30, 90]
    assert retries.count(A, LATER) == 0
    assert retries.add(A, LATER, "memory", 0) == 10
    assert retries.add(B, NOW, "memory", 0) == 10


def test_retries_only_failures_that_may_pass() -> None:
    retries = Retries()
    assert retries.add(A, NOW, "input", 0) is None
    assert retries.add(B, NOW, "damage", 59) == 10  # it may still be written
    assert retries.add(B, NOW, "damage", 61) is None


def test_forgets_files_that_are_finished_or_missing() -> None:
    retries = Retries()
    for path in (A, B):
        retries.add(path, NOW, "memory", 0)
    retries.forget(A)
    assert (retries.count(A, NOW), retries.count(B, NOW)) == (0, 1)
    retries.keep({A})
    assert retries.count(B, NOW) == 0
