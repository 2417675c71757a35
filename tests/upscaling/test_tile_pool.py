import threading
from collections.abc import Callable, Iterator

import pytest

from sr_batch.core.errors import BadOutput, OutOfMemory
from sr_batch.core.geometry import Region, Size, Tile
from sr_batch.upscaling.tile_pool import Stopped, TileJob, TilePool
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
    """Pixels that were told to be done."""
    told: list[int] = []

    def cut(region: Region, longest: int) -> tuple[Tile, ...]:
        return split(region, SIZE, longest, 4, 1)

    job = TileJob(work, cut, told.append, threading.Event())
    pool.run(job, plan_tiles(SIZE, core, 4, 1))
    return sum(told)


class Room:
    """Has room for cores of at most ``side`` pixels; remembers what was done."""

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


def test_does_every_tile(pool: TilePool, notes: list[str]) -> None:
    room = Room(64)
    assert run(pool, room) == SIZE.pixels == room.pixels
    assert len(set(room.done)) == 20
    assert notes == []


@pytest.mark.parametrize("error", [OutOfMemory, MemoryError])
def test_halves_the_tile_until_it_fits(
    pool: TilePool, notes: list[str], error: type[Exception]
) -> None:
    room = Room(80, error)
    assert run(pool, room, core=0) == SIZE.pixels == room.pixels
    assert max(core.size.width for core in room.done) == 75
    assert len(room.refused) >= 2
    assert notes == [
        "out of memory with tiles of 300 pixels: going on with smaller ones (--tile 150 starts"
        " there)"
    ]


def test_remembers_what_fits(pool: TilePool, notes: list[str]) -> None:
    run(pool, Room(80), core=0)
    room = Room(80)
    assert run(pool, room, core=0) == SIZE.pixels == room.pixels
    assert room.refused == []
    assert len(notes) == 1


def test_gives_up_below_the_smallest_tile(pool: TilePool) -> None:
    with pytest.raises(OutOfMemory, match=r"even with tiles of 3[0-2] pixels: .* --jobs"):
        run(pool, Room(20))


def test_passes_on_what_goes_wrong_and_leaves_nothing_running(pool: TilePool) -> None:
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
    rooms = [Room(64) for _ in range(4)]
    threads = [threading.Thread(target=run, args=(pool, room)) for room in rooms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(room.pixels == SIZE.pixels for room in rooms)
