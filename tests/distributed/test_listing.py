"""Jobs from listings: which items are taken, and in flat memory."""

import tracemalloc
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from sr_batch.batch.input_choice import Choice
from sr_batch.core.shard import Shard
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.known_records import KnownRecords
from sr_batch.distributed.listing import IN_OUTPUT, Listing
from sr_batch.distributed.names import OutputNames
from sr_batch.distributed.records import Made, Record
from sr_batch.distributed.roots import Root
from sr_batch.stores.location import Place
from sr_batch.stores.store import Item
from tests.distributed.memory_store import IN, OUT, MemoryStore


def store_of(*keys: str) -> MemoryStore:
    store = MemoryStore()
    for key in keys:
        store.put(key, key.encode())
    return store


def listing(outputs: MemoryStore | None = None, names: OutputNames | None = None) -> Listing:
    return Listing(
        OUT, outputs or MemoryStore(), names or OutputNames("keep"), Choice(), numbers=False
    )


def jobs(made: Listing, *keys: str, root: Root | None = None) -> list[KeyedJob]:
    return list(made.jobs(root or Root(IN), 0, store_of(*keys)))


def names(found: list[KeyedJob]) -> list[str]:
    return [job.source.key for job in found]


def test_takes_pictures_and_passes_over_all_else() -> None:
    told: list[str] = []
    made = replace(listing(), told=told.append)
    keys = ["a.jpg", "b.txt", "c/d.png", "c/.e.png", ".f/g.png", "@eaDir/h.jpg", "i.jpg.part"]
    assert names(jobs(made, *keys, "folder/", "j.cr3", "noname")) == ["a.jpg", "c/d.png", "j.cr3"]
    assert told == ["s3://bucket/in/@eaDir", "s3://bucket/in/i.jpg.part"]


def test_objects_that_cannot_be_read_are_taken_to_say_why() -> None:
    found = names(jobs(listing(), "../a.jpg", "b/./c.jpg", "d.jpg/", "e.txt/", "f/", ".g/h.jpg"))
    assert found == ["../a.jpg", "b/./c.jpg", "d.jpg/"]


def test_a_choice_is_that_of_folders() -> None:
    keys = ["a.jpg", "raw/b.jpg", "raw/c.png", "d.png"]
    only = replace(listing(), choice=Choice(include=("*.jpg",), exclude=("raw",)))
    assert names(jobs(only, *keys)) == ["a.jpg"]
    flat = replace(listing(), choice=Choice(recursive=False))
    assert names(jobs(flat, *keys)) == ["a.jpg", "d.png"]
    pattern = Root(IN, pattern=("raw", "*.jpg"))
    assert names(jobs(listing(), *keys, root=pattern)) == ["raw/b.jpg"]


def test_outputs_below_the_input_are_skipped() -> None:
    made = replace(listing(), target=Place("s3://bucket/in/large"))
    found = jobs(made, "a.jpg", "large/a.jpg", "large/.sr-batch/x.png", "larger/a.jpg")
    assert {job.source.key: job.skip for job in found} == {
        "a.jpg": "",
        "large/a.jpg": IN_OUTPUT,
        "larger/a.jpg": "",
    }


def test_jobs_know_what_the_listing_of_outputs_has() -> None:
    outputs = store_of("a.png", "a.jpg.xmp")
    version = outputs.objects["a.png"][0].item.version
    record = Record("a.png", version, Made("s", "v", "c", "r"))
    with KnownRecords([record, replace(record, version="other")]) as records:
        made = replace(listing(outputs, OutputNames("png")), records=records)
        one, two = jobs(made, "a.jpg", "a.jpg.xmp", "b.jpg")
    assert one.known.proven is None or one.known.proven == record
    assert one.known.item == outputs.objects["a.png"][0].item
    assert one.sidecars[0].source.key == "a.jpg.xmp"
    assert one.listed
    assert two.known.item is None
    assert two.listed


def test_two_inputs_with_one_output_collide_or_get_numbers() -> None:
    made = listing(names=OutputNames("png"))
    found = jobs(made, "a.jpg", "a.png", "a.tif", "b.jpg")
    assert [job.collides for job in found] == [
        *("", "s3://bucket/in/a.jpg", "s3://bucket/in/a.jpg", ""),
    ]
    numbered = jobs(replace(made, numbers=True), "a.jpg", "a.png", "b.jpg")
    assert [job.number for job in numbered] == [1, 2, 1]


def test_shards_take_every_input_once() -> None:
    keys = [f"{number % 7}/{number}.jpg" for number in range(100)]
    shards = [names(jobs(replace(listing(), shard=Shard(index, 4)), *keys)) for index in range(4)]
    assert sorted(key for shard in shards for key in shard) == sorted(keys)
    assert all(shards)


def test_a_named_item_is_taken_whatever_its_name() -> None:
    store = store_of("x.data", "x.xmp", "y.data")
    [job] = listing().jobs(Root(IN, "x.data"), 3, store)
    assert (job.source.key, job.place, job.sidecars[0].source.key) == ("x.data", 3, "x.xmp")
    made = replace(listing(), named=frozenset({"s3://bucket/in/a.jpg"}))
    assert names(jobs(made, "a.jpg", "b.jpg")) == ["b.jpg"]


class ManyKeys(MemoryStore):
    """A bucket of ``count`` pictures, each known only while it is listed."""

    count = 0

    def list(self, prefix: str = "") -> Iterator[Item]:
        for number in range(self.count):
            yield Item(f"{number // 1000:06}/{number:08}.jpg", 1, str(number), 0.0)


def test_memory_is_flat_however_many_keys_there_are() -> None:
    """A list of these jobs alone would take more than 2 MB."""
    sources, outputs = ManyKeys(), ManyKeys()
    sources.count = outputs.count = 3000
    made = listing(outputs)
    deque(made.jobs(Root(IN), 0, store_of("a.jpg")), maxlen=0)  # what is made once
    tracemalloc.start()
    try:
        number = sum(1 for _ in made.jobs(Root(IN), 0, sources))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert number == 3000
    assert peak < 200_000
