import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sr_batch.core.errors import BadOutput, OutOfMemory, Stopped
from sr_batch.core.geometry import Region, Size, Tile
from sr_batch.upscaling import tile_pool
from sr_batch.upscaling.tile_pool import TileJob, TilePool
from sr_batch.upscaling.tiling import plan_tiles, split

SIZE = Size(300, 200)


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def pool(notes: list[str]) -> Iterator[TilePool]:
    pool = TilePool(3, notes.append)
    yield pool
    pool.close()


def run(pool: TilePool, work: Callable[[Tile], None], core: int = 64) -> int:
    """Run ``work`` on all tiles; returns the number of pixels reported as done."""
    reported: list[int] = []

    def cut(region: Region, longest: int) -> tuple[Tile, ...]:
        return split(region, SIZE, longest, 4, 1)

    job = TileJob(work, cut, reported.append, threading.Event())
    pool.run(job, plan_tiles(SIZE, core, 4, 1))
    return sum(reported)


class Memory:
    """Holds cores of at most ``side`` pixels; records finished and refused ones."""

    def __init__(self, side: int, error: type[Exception] = OutOfMemory) -> None:
        self.side, self.error = side, error
        self.done: list[Region] = []
        self.refused: list[Region] = []

    def __call__(self, tile: Tile) -> None:
        if max(tile.core.size.width, tile.core.size.height) > self.side:
            self.refused.append(tile.core)
            raise self.error("no room")
        self.done.append(tile.core)

    @property
    def pixels(self) -> int:
        return sum(core.size.pixels for core in self.done)


def test_an_interrupt_of_the_waiting_thread_stops_the_tiles(
    pool: TilePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tile_pool, "wait", interrupted)
    job = TileJob(lambda _: None, lambda *_: (), lambda _: None, threading.Event())
    with pytest.raises(KeyboardInterrupt):
        pool.run(job, plan_tiles(SIZE, 64, 4, 1))
    assert job.stop.is_set()


def test_computes_every_tile(pool: TilePool, notes: list[str]) -> None:
    memory = Memory(64)
    assert run(pool, memory) == SIZE.pixels == memory.pixels
    assert len(set(memory.done)) == 20
    assert notes == []


@pytest.mark.parametrize("error", [OutOfMemory, MemoryError])
def test_halves_the_tile_until_it_fits(
    pool: TilePool, notes: list[str], error: type[Exception]
) -> None:
    memory = Memory(80, error)
    assert run(pool, memory, core=0) == SIZE.pixels == memory.pixels
    assert max(core.size.width for core in memory.done) == 75
    assert len(memory.refused) >= 2
    assert notes == [
        "out of memory with tiles of 300 pixels, continuing with smaller ones; to start with these:"
        " --tile 150"
    ]


def test_remembers_the_size_that_fits(pool: TilePool, notes: list[str]) -> None:
    run(pool, Memory(80), core=0)
    memory = Memory(80)
    assert run(pool, memory, core=0) == SIZE.pixels == memory.pixels
    assert memory.refused == []
    assert len(notes) == 1


def test_gives_up_below_the_smallest_tile(pool: TilePool) -> None:
    with pytest.raises(OutOfMemory, match=r"even with tiles of 3[0-2] pixels; .* --jobs"):
        run(pool, Memory(20))


def test_passes_on_an_error_and_leaves_nothing_running(pool: TilePool) -> None:
    running = threading.Semaphore(0)

    def work(tile: Tile) -> None:
        if tile.core.left == tile.core.top == 0:
            raise BadOutput("broken")
        running.release()
        running.acquire()

    with pytest.raises(BadOutput, match="broken"):
        run(pool, work)
    assert not running.acquire(blocking=False)


def test_stops_before_the_next_tile(pool: TilePool) -> None:
    stop = threading.Event()
    done: list[Tile] = []

    def work(tile: Tile) -> None:
        done.append(tile)
        stop.set()

    job = TileJob(work, lambda region, longest: (), lambda pixels: None, stop)
    with pytest.raises(Stopped):
        pool.run(job, plan_tiles(SIZE, 16, 4, 1))
    assert 1 <= len(done) <= 3


def test_serves_several_images_at_once(pool: TilePool) -> None:
    memories = [Memory(64) for _ in range(4)]
    threads = [threading.Thread(target=run, args=(pool, memory)) for memory in memories]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(memory.pixels == SIZE.pixels for memory in memories)


class Recorder:
    """The order in which one thread starts the tiles of several pictures."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.may_go_on = threading.Event()

    def run(self, pool: TilePool, name: str, size: Size, most: int | None = None) -> None:
        def work(tile: Tile) -> None:
            self.order.append(name)
            assert self.may_go_on.wait(10)

        stop = threading.Event()
        job = TileJob(work, lambda *_: (), lambda _: None, stop, most)
        pool.run(job, plan_tiles(size, 64, 0, 1))

    def together(self, pool: TilePool, pictures: list[tuple[str, Size]]) -> str:
        """The names in the order of the tiles; all pictures wait when the first tile ends."""
        with ThreadPoolExecutor(len(pictures)) as threads:
            calls = []
            for count, (name, size) in enumerate(pictures, 1):
                calls.append(threads.submit(self.run, pool, name, size))
                while pool.waiting < count:
                    time.sleep(0.001)
            self.may_go_on.set()
            for call in calls:
                call.result()
        return "".join(self.order)


def test_a_small_picture_passes_a_large_one() -> None:
    pool = TilePool(1, pytest.fail)
    order = Recorder().together(pool, [("L", Size(640, 640)), ("s", Size(128, 64))])
    pool.close()
    assert order == "LsLs" + "L" * 98


def test_a_large_picture_goes_on_between_small_ones() -> None:
    pool = TilePool(1, pytest.fail)
    small = [(name, Size(128, 64)) for name in "abcdefgh"]
    order = Recorder().together(pool, [("L", Size(640, 640)), *small])
    pool.close()
    assert order.startswith("LaLaLbLbLcLc")


def test_equal_pictures_are_finished_one_after_the_other() -> None:
    pool = TilePool(1, pytest.fail)
    order = Recorder().together(pool, [(name, Size(256, 64)) for name in "abc"])
    pool.close()
    assert order == "aaaabbbbcccc"


def test_a_picture_takes_no_more_threads_than_it_may(pool: TilePool) -> None:
    lock, seen = threading.Lock(), [0]
    now = 0

    def work(tile: Tile) -> None:
        nonlocal now
        with lock:
            now += 1
            seen.append(now)
        time.sleep(0.001)
        with lock:
            now -= 1

    for most in (1, 2):
        seen.clear()
        pool.run(
            TileJob(work, lambda *_: (), lambda _: None, threading.Event(), most),
            plan_tiles(SIZE, 32, 0, 1),
        )
        assert len(seen) == 70
        assert max(seen) <= most


def test_a_picture_that_waits_for_its_turn_hears_of_the_stop() -> None:
    pool, recorder, stop = TilePool(1, pytest.fail), Recorder(), threading.Event()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(recorder.run, pool, "L", SIZE)
        while not recorder.order:
            time.sleep(0.001)
        job = TileJob(lambda _: None, lambda *_: (), lambda _: None, stop)
        second = threads.submit(pool.run, job, plan_tiles(SIZE, 64, 0, 1))
        stop.set()
        with pytest.raises(Stopped):
            second.result(timeout=10)  # while the only thread is busy
        recorder.may_go_on.set()
        first.result()
    pool.close()


def test_nothing_to_compute_needs_no_thread() -> None:
    pool = TilePool(0, pytest.fail)
    job = TileJob(lambda _: None, lambda *_: (), lambda _: None, threading.Event())
    pool.run(job, ())
    pool.close()


def test_each_network_has_its_own_limit(pool: TilePool, notes: list[str]) -> None:
    def side_of(network: str, memory: Memory) -> int:
        def cut(region: Region, longest: int) -> tuple[Tile, ...]:
            return split(region, SIZE, longest, 4, 1)

        job = TileJob(memory, cut, lambda _: None, threading.Event(), None, network)
        pool.run(job, plan_tiles(SIZE, 0, 4, 1))
        return max(core.size.width for core in memory.done)

    assert side_of("large", Memory(80)) == 75
    assert side_of("small", Memory(1000)) == 300
    assert side_of("large", Memory(1000)) == 75
    pool.forget()
    assert side_of("large", Memory(1000)) == 300
    assert len(notes) == 1
