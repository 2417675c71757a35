import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.reference import write
from sr_batch.bench.speed import REFERENCE, best_with_retries, paired_ratio, relative_speed
from sr_batch.inference.onnx_session import OnnxSession
from tests.networks import conv_network

seconds = st.floats(1e-3, 1e3)


def watch(times: Iterator[float]) -> Callable[[], float]:
    return lambda: next(times)


@given(seconds, seconds, st.integers(1, 9))
def test_the_ratio_is_the_second_over_the_first(one: float, other: float, rounds: int) -> None:
    ratio = paired_ratio(lambda: one, lambda: other, rounds)
    assert ratio == pytest.approx(other / one)
    assert ratio == pytest.approx(1 / paired_ratio(lambda: other, lambda: one, rounds))


def test_a_slow_moment_does_not_count() -> None:
    disturbed = chain(repeat(0.01, 3), [5.0], repeat(0.01))
    assert paired_ratio(lambda: 0.02, watch(disturbed), rounds=5) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("seconds", "rounds"), [(0.01, 25), (0.25, 7), (0.5, 3), (1.5, 1), (2.0, 0)]
)
def test_long_runs_are_timed_less_often(seconds: float, rounds: int) -> None:
    calls = [0]

    def other() -> float:
        calls[0] += 1
        return seconds

    assert paired_ratio(lambda: seconds, other, 25) == 1
    assert calls == [1 + 2 * rounds]


def test_a_steady_drift_affects_both() -> None:
    ever_slower = iter(2.0 ** (n - 10) for n in range(100))
    ratio = paired_ratio(watch(ever_slower), watch(ever_slower), rounds=5)
    assert ratio == pytest.approx((2 + 4) / (1 + 8))  # the same in every round
    even = iter(n / 1000 for n in range(1, 100))
    assert paired_ratio(watch(even), watch(even), rounds=5) == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    ("measured", "best", "repeats"),
    [
        ([1.0], 1.0, 0),
        ([0.85], 0.85, 0),
        ([0.5, 1.0], 1.0, 1),  # slow once: ignored
        ([0.5, 0.6, 0.9], 0.9, 2),
        ([0.5, 0.7, 0.6, 0.6, 0.5], 0.7, 4),  # slow five times: accepted
    ],
)
def test_a_slow_measurement_is_repeated_before_it_counts(
    measured: list[float], best: float, repeats: int
) -> None:
    left = iter(measured)
    assert best_with_retries(next(left), 0.85, lambda: next(left)) == best
    assert len([*left]) == len(measured) - 1 - repeats == 0


@given(st.lists(seconds, min_size=4), seconds)
def test_more_tries_never_make_it_slower(times: list[float], least: float) -> None:
    found = [
        best_with_retries(times[0], least, watch(iter(times[1:])), tries) for tries in range(4)
    ]
    assert found == sorted(found)


def test_more_work_takes_longer_than_the_reference(tmp_path: Path) -> None:
    reference = OnnxSession.open(REFERENCE)
    little, much = (
        OnnxSession.open(conv_network(tmp_path / f"{width}.onnx", width=width))
        for width in (8, 1024)
    )
    assert relative_speed(much, reference, 2) < 1 < relative_speed(little, reference, 2)


def test_other_work_on_the_machine_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the thread's CPU time is used, which does not include waiting."""
    monkeypatch.setattr(time, "perf_counter", lambda: pytest.fail("used the wall clock"))
    reference = OnnxSession.open(REFERENCE)
    assert relative_speed(reference, reference, 1) > 0


def test_the_reference_file_is_up_to_date(tmp_path: Path) -> None:
    write(tmp_path / "reference.onnx")
    assert onnx.load(tmp_path / "reference.onnx") == onnx.load(REFERENCE)
