"""What a run over stores says about the time that it still takes."""

from sr_batch.core.geometry import Size
from sr_batch.core.results import Done, Failed, JobResult, Skipped
from sr_batch.distributed.job import KeyedJob, Seen
from sr_batch.distributed.stream_estimate import StreamEstimate
from sr_batch.stores.store import Item


def job(name: str, size: int = 100, is_made: bool = False) -> KeyedJob:
    made = Seen(Item(name, 1, "v", 0.0)) if is_made else Seen()
    return KeyedJob(Item(name, size, "v", 0.0), known=made)


def done(name: str) -> JobResult:
    size = Size(10, 10)
    return Done(name, f"out/{name}", 1.0, size, size * 2, "espcn", 2, "cpu")


class Run:
    """A run of inputs a, b, c and so on of 100 bytes each, at a time that the test sets."""

    def __init__(self, *jobs: KeyedJob) -> None:
        self.now = 0.0
        self.estimate = StreamEstimate(lambda: self.now)
        for each in jobs:
            self.estimate.count(each)
        self.estimate.is_counted = True

    def take(self, *jobs: KeyedJob, is_new: bool = False) -> None:
        for each in jobs:
            self.estimate.take(each.source.key, each, is_new)

    def end(self, now: float, *results: JobResult) -> None:
        self.now = now
        for result in results:
            self.estimate.ended(result)


def test_bytes_without_results_take_as_long_as_those_with_results_took() -> None:
    jobs = [job("a"), job("b", 300), job("c", 200)]
    run = Run(*jobs)
    assert (run.estimate.seconds, run.estimate.share, run.estimate.speed) == (None, 0, None)
    run.take(*jobs)
    run.end(2, done("a"))
    assert (run.estimate.seconds, run.estimate.speed) == (10, 50)
    run.now = 3  # nothing was heard for a second
    assert run.estimate.seconds == 9
    run.end(8, done("b"))
    assert round(run.estimate.share, 2) == 0.67
    run.end(12, done("c"))
    assert (run.estimate.seconds, run.estimate.share) == (0, 1)


def test_the_start_of_a_cluster_is_left_out_after_a_while() -> None:
    jobs = [job(name) for name in "abcdefgh"]
    run = Run(*jobs)
    run.take(*jobs)
    run.end(10, done("a"))  # nine seconds until the workers were open
    assert run.estimate.seconds == 70
    run.end(22, *map(done, "bcde"))
    assert run.estimate.seconds == 9


def test_inputs_whose_outputs_exist_take_no_time_unless_they_do() -> None:
    jobs = [job("a"), job("b", is_made=True), job("c", is_made=True), job("d")]
    run = Run(*jobs)
    run.take(*jobs)
    run.end(1, Skipped("b", None, "already done"), done("a"))
    assert (run.estimate.seconds, run.estimate.share) == (1, 0.5)
    run.end(2, done("c"))  # its settings have changed
    assert round(run.estimate.share, 2) == 0.67
    run.end(2, Skipped("d", None, "large enough"))
    assert run.estimate.share == 1


def test_before_all_are_counted_the_time_is_at_least_that_of_those_that_are() -> None:
    run = Run(job("a"), job("b"))
    run.estimate.is_counted = False
    run.take(job("a"), job("b"))
    run.take(job("named", 200), is_new=True)
    run.end(1, Failed("a", None, "not an image"))
    assert (run.estimate.is_whole, run.estimate.seconds) == (False, 3)
    run.estimate.is_taken = True
    assert run.estimate.is_whole
