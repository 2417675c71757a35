"""Which jobs travel together, and which are blamed when a worker ends."""

from collections.abc import Iterator

import pytest

from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.ray_chunks import MOST_ALONE, Chunk, ChunkQueue
from sr_batch.distributed.ray_messages import NumberedJob
from sr_batch.stores.store import Item


def jobs(count: int) -> list[NumberedJob]:
    return [NumberedJob(each, KeyedJob(Item(f"{each}.png", 1, "v", 0.0))) for each in range(count)]


def queue(count: int, last: bool = True, pace: float = 0.001) -> ChunkQueue:
    made = ChunkQueue()
    made.finished(Chunk(tuple(jobs(1))), pace)
    made.add(jobs(count), last)
    return made


def chunks(of: ChunkQueue, workers: int) -> Iterator[Chunk]:
    while chunk := of.take([], workers):
        yield chunk


def numbers(*of: Chunk | None) -> list[list[int]]:
    return [[one.number for one in chunk.tasks] for chunk in of if chunk]


def test_chunks_shrink_towards_the_end_and_hold_every_job_once() -> None:
    sizes = [len(chunk.tasks) for chunk in chunks(queue(1000), 4)]
    assert sum(sizes) == 1000
    assert (sizes[0], sizes[-1]) == (64, 1)
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(("count", "workers"), [(1, 2), (2, 2), (3, 2), (7, 4), (16, 8)])
def test_few_jobs_are_shared_by_all_workers(count: int, workers: int) -> None:
    given = list(chunks(queue(count), workers))
    assert len(given) >= min(count, workers)
    assert sorted(each for chunk in numbers(*given) for each in chunk) == list(range(count))


@pytest.mark.parametrize(("pace", "size"), [(10, 1), (1, 4), (0.1, 40), (0.001, 64), (0, 64)])
def test_a_chunk_takes_some_seconds_at_most_unless_one_job_takes_longer(
    pace: float, size: int
) -> None:
    chunk = queue(10_000, pace=pace).take([], 2)
    assert chunk and len(chunk.tasks) == size


def test_a_worker_has_two_chunks_at_most() -> None:
    waiting = queue(1000)
    first = waiting.take([], 1)
    assert first
    second = waiting.take([first], 1)
    assert second
    assert waiting.take([first, second], 1) is None


def test_jobs_are_asked_for_while_less_than_half_of_what_workers_need_waits() -> None:
    waiting = queue(0, last=False)
    assert waiting.room(2) == 512
    waiting.add(jobs(300), last=False)
    assert waiting.room(2) == 0
    assert waiting.room(4) == 1024 - 300
    waiting.add([], last=True)
    assert waiting.room(4) == 0


def test_only_the_first_chunk_of_a_lost_worker_is_suspicious_and_its_jobs_travel_alone() -> None:
    waiting = queue(1000)
    first, second, third = (waiting.take([], 2) for _ in range(3))
    assert first and second and third
    assert waiting.lost([first, second], by_itself=True) == []
    assert waiting.take([third], 2) is None  # a worker finishes its chunk first
    alone = waiting.take([], 2)
    assert alone == Chunk((first.tasks[0],), is_suspect=True)
    assert waiting.take([alone], 2) is None
    rest = [waiting.take([], 2) for _ in first.tasks[1:]]
    assert numbers(*rest) == [[one.number] for one in first.tasks[1:]]
    assert numbers(waiting.take([], 2)) == numbers(second)


def test_a_lost_node_makes_no_job_suspicious() -> None:
    waiting = queue(1000)
    first = waiting.take([], 2)
    assert first and waiting.lost([first], by_itself=False) == []
    assert numbers(waiting.take([], 2)) == numbers(first)


def test_a_job_is_given_up_once_it_has_ended_several_workers_alone() -> None:
    waiting = queue(1)
    chunk = waiting.take([], 1)
    for _ in range(MOST_ALONE):
        assert chunk and waiting.lost([chunk], by_itself=True) == []
        chunk = waiting.take([], 1)
    assert chunk and waiting.lost([chunk], by_itself=True) == list(chunk.tasks)
    assert waiting.crashes(chunk.tasks[0]) == MOST_ALONE
    assert not len(waiting)


def test_nodes_that_go_again_and_again_do_not_condemn_a_job_soon() -> None:
    waiting = queue(1)
    chunk = waiting.take([], 1)
    assert chunk and waiting.lost([chunk], by_itself=True) == []
    losses = 0
    while len(waiting):
        chunk = waiting.take([], 1)
        assert chunk and chunk.is_suspect
        waiting.lost([chunk], by_itself=False)
        losses += 1
    assert losses == 8
