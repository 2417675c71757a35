"""Measures the speed of a network relative to a reference network that never changes.

Both take turns, so that a slow minute of the machine affects both. On a CPU, the CPU time of the
calling thread counts: the whole network runs there, and other work on the machine is left out.
"""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from sr_batch.inference.onnx_runtime import CPU
from sr_batch.inference.session import Session

# Written by `python -m benchmarks.reference`.
REFERENCE = Path(__file__).with_name("reference.onnx")
SIDE = 48  # side of the LR picture in pixels
_ENOUGH = 0.3  # seconds allowed for each requested round

Stopwatch = Callable[[], float]
"""Runs something once and returns the seconds it took."""


def paired_ratio(one: Stopwatch, other: Stopwatch, rounds: int) -> float:
    """The time of ``other`` over that of ``one``: the median of rounds a b b a.

    If a round takes long, fewer rounds are run, because long rounds are less noisy. If one round
    would exceed the whole time limit, the first run of each is used.
    """
    first, second = one(), other()  # fills caches and allocates memory
    enough = int(rounds * _ENOUGH / (2 * (first + second)))
    if not enough:
        return second / first
    return median(ratio_in_turns(one, other) for _ in range(min(rounds, enough)))


def ratio_in_turns(one: Stopwatch, other: Stopwatch) -> float:
    """The time of ``other`` over that of ``one``; the order a b b a cancels a steady drift."""
    a, b, c, d = one(), other(), other(), one()
    return (b + c) / (a + d)


def best_with_retries(
    first: float, least: float, again: Callable[[], float], tries: int = 4
) -> float:
    """The best of ``first`` and up to ``tries`` repetitions; stops at one of at least ``least``.

    One slow measurement may be due to the machine; several in a row are due to the network.
    """
    best = first
    for _ in range(tries):
        if best >= least:
            break
        best = max(best, again())
    return best


def relative_speed(session: Session, reference: Session, rounds: int) -> float:
    """LR pixels per second, as a multiple of the reference's."""
    return paired_ratio(_stopwatch(session), _stopwatch(reference), rounds)


def _stopwatch(session: Session) -> Stopwatch:
    clock = time.thread_time if session.provider == CPU else time.perf_counter
    random = np.random.default_rng(0)
    batch = random.random((1, session.spec.channels, SIDE, SIDE), np.float32)

    def watch() -> float:
        started = clock()
        session(batch)
        return clock() - started

    return watch
