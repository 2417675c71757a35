"""How fast a network is beside a reference that does the same work everywhere.

Both take turns, so that a slower minute of the machine hits both. On a CPU the processor's time of
the calling thread counts, which is where all of it runs: other work on the machine is not in it.
"""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from sr_batch.inference.onnx_session import CPU
from sr_batch.inference.session import Session

# Written by `python -m benchmarks.reference`.
REFERENCE = Path(__file__).with_name("reference.onnx")
SIDE = 48  # of the LR picture
_ENOUGH = 0.3  # seconds for each round that is asked for

Stopwatch = Callable[[], float]
"""Does something once and says how many seconds it took."""


def paired_ratio(one: Stopwatch, other: Stopwatch, rounds: int) -> float:
    """How many times as long ``other`` takes as ``one``: the median of rounds a b b a.

    There are fewer rounds than asked for where one takes seconds, which say as much; where one
    would take longer than all of them may, the first time of each has to do.
    """
    first, second = one(), other()  # caches fill, memory is claimed
    enough = int(rounds * _ENOUGH / (2 * (first + second)))
    if not enough:
        return second / first
    return median(ratio_in_turns(one, other) for _ in range(min(rounds, enough)))


def ratio_in_turns(one: Stopwatch, other: Stopwatch) -> float:
    """How many times as long ``other`` takes: a b b a, so that a steady drift hits both alike."""
    a, b, c, d = one(), other(), other(), one()
    return (b + c) / (a + d)


def believed(first: float, least: float, again: Callable[[], float], tries: int = 4) -> float:
    """The best of ``first`` and of up to ``tries`` more, until one is ``least`` or above.

    A slow measurement may be the machine's fault; several in a row are not.
    """
    best = first
    for _ in range(tries):
        if best >= least:
            break
        best = max(best, again())
    return best


def relative_speed(session: Session, reference: Session, rounds: int) -> float:
    """LR pixels in a second, as a multiple of the reference's."""
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
