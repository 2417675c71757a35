import threading
from types import SimpleNamespace

from sr_batch.inference.call_watch import CallWatch, WatchedCall, thread_clock


class Clock:
    now = 5.0

    def __call__(self) -> float:
        return self.now


def test_a_call_is_ended_when_its_time_is_up() -> None:
    options, clock = SimpleNamespace(terminate=False), Clock()
    call = WatchedCall(options, None, 60, clock)
    clock.now += 59
    call.check()
    assert (options.terminate, call.took_too_long) == (False, False)
    clock.now += 2
    call.check()
    assert (options.terminate, call.took_too_long, call.was_stopped) == (True, True, False)


def test_a_call_is_ended_by_its_own_stop() -> None:
    stop, other = threading.Event(), threading.Event()
    options = SimpleNamespace(terminate=False)
    call = WatchedCall(options, stop, float("inf"), Clock())
    other.set()
    call.check()
    assert not options.terminate
    stop.set()
    call.check()
    assert (options.terminate, call.was_stopped) == (True, True)


def test_calls_are_looked_at_while_they_run() -> None:
    seen = threading.Event()
    call = WatchedCall(SimpleNamespace(), None, 60, Clock())
    call.check = seen.set  # type: ignore[method-assign]
    watch = CallWatch()
    with watch.watched(call):
        assert seen.wait(10)
    seen.clear()
    with watch.watched(call):
        assert seen.wait(10)


def test_other_threads_read_the_time_of_a_thread() -> None:
    clock, readings = thread_clock(), []
    before = clock()
    sum(range(2_000_000))
    reader = threading.Thread(target=lambda: readings.append(clock()))
    reader.start()
    reader.join()
    assert readings[0] > before
