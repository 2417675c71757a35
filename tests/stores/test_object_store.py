"""A bucket on a real server of S3, on loopback."""

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sr_batch.core.errors import (
    ImageError,
    ImageTooLarge,
    UnreadableImage,
    UnwritableOutput,
    UsageError,
)
from sr_batch.stores.location import Place, place_of
from sr_batch.stores.object_store import ObjectStore
from sr_batch.stores.probe import probe_output
from sr_batch.stores.store import Changed, Taken
from tests.faulty_server import Asked, faulty_server
from tests.object_server import Bucket, ObjectServer, bucket, object_server

__all__ = ["bucket", "object_server"]

LIMIT = 1_000_000
FACTS = {"source": "photos/ä b%.jpg", "recipe": "a=1"}


def store(bucket: Bucket, prefix: str = "photos") -> ObjectStore:
    return ObjectStore(place_of(f"{bucket.url}/{prefix}", bucket.endpoint))


def publish(to: ObjectStore, key: str, data: bytes, expect: str | None = None) -> str:
    return to.publish(key, data, expect, FACTS, "image/png")


def test_a_listing_is_in_the_order_of_keys_and_knows_only_what_is_below_the_prefix(
    bucket: Bucket,
) -> None:
    for key in ("photos/b.png", "photos/a/2.png", "photos-2/c.png", "photos/a.png", "photos/a-1"):
        etag = bucket.put(key, b"12345")
    items = list(store(bucket).list())
    assert [item.key for item in items] == ["a-1", "a.png", "a/2.png", "b.png"]
    assert {(item.size, f'"{item.version}"') for item in items} == {(5, etag)}
    assert [item.key for item in store(bucket).list("a/")] == ["a/2.png"]
    assert [item.key for item in store(bucket).list("a")] == ["a-1", "a.png", "a/2.png"]
    assert len(list(store(bucket, "").list())) == 5


def test_what_is_published_comes_back_with_its_facts_and_type(bucket: Bucket) -> None:
    version = publish(store(bucket), "x.png", b"pixels")
    head = store(bucket).head("x.png")
    assert head and head.facts == FACTS
    assert (head.item.key, head.item.size, head.item.version) == ("x.png", 6, version)
    assert store(bucket).read("x.png", version, LIMIT) == b"pixels"
    assert bucket.headers("photos/x.png")["content-type"] == "image/png"
    assert [item.version for item in store(bucket).list()] == [version]


def test_a_second_creator_is_refused_and_a_known_version_is_replaced(bucket: Bucket) -> None:
    first = publish(store(bucket), "x.png", b"1")
    with pytest.raises(Taken, match=r"/photos/x\.png: another object has this name, and is kept"):
        publish(store(bucket), "x.png", b"2")
    second = publish(store(bucket), "x.png", b"3", expect=first)
    with pytest.raises(Taken):
        publish(store(bucket), "x.png", b"4", expect=first)
    assert store(bucket).read("x.png", second, LIMIT) == b"3"
    assert len(bucket.versions()) == 2


def test_one_of_eight_racing_creators_wins(bucket: Bucket) -> None:
    to, start = store(bucket), threading.Barrier(8)

    def create(number: int) -> bool:
        start.wait()
        try:
            publish(to, "x.png", b"%d" % number)
        except Taken:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(create, range(8))) == 1
    assert len(bucket.versions()) == 1


def test_a_source_that_changed_after_the_listing_is_not_read(bucket: Bucket) -> None:
    bucket.put("photos/x.png", b"old")
    (item,) = store(bucket).list()
    bucket.put("photos/x.png", b"new")
    with pytest.raises(Changed, match="it changed after it was listed"):
        store(bucket).read("x.png", item.version, LIMIT)
    assert store(bucket).read("x.png", None, LIMIT) == b"new"


def test_what_does_not_exist_or_is_too_large_is_one_failed_entry(bucket: Bucket) -> None:
    assert store(bucket).head("x.png") is None
    with pytest.raises(UnreadableImage, match="it does not exist any more"):
        store(bucket).read("x.png", None, LIMIT)
    bucket.put("photos/x.png", b"12345")
    with pytest.raises(ImageTooLarge, match="--max-pixels"):
        store(bucket).read("x.png", None, 4)


HOSTILE = (
    *("a b.png", "a%20b.png", "ä/é.png", "q?x=1.png", "h#a.png", "plus+.png", "star*.png"),
    *("back\\slash", "tilde~", "emoji\U0001f600", "a'b\"<>&.png", "%", "%2F", "a:b", "..."),
)


def test_keys_with_hostile_characters_are_listed_read_and_written_exactly(bucket: Bucket) -> None:
    for key in HOSTILE:
        publish(store(bucket), key, key.encode())
    assert bucket.keys() == sorted(f"photos/{key}" for key in HOSTILE)
    assert [item.key for item in store(bucket).list()] == sorted(HOSTILE)
    for key in HOSTILE:
        assert store(bucket).read(key, None, LIMIT) == key.encode()


@pytest.mark.parametrize("key", ["a//b", "../a", "a/./b", "/a", "a/", "a\nb", "\x7f"])
def test_keys_that_the_library_would_mangle_are_refused(bucket: Bucket, key: str) -> None:
    to = store(bucket)
    with pytest.raises(UnreadableImage, match="rename it") as refused:
        to.read(key, None, LIMIT)
    assert "\n" not in str(refused.value)
    with pytest.raises(ImageError, match="rename it"):
        to.head(key)
    with pytest.raises(UnwritableOutput, match="rename it"):
        publish(to, key, b"")


def test_a_listing_has_the_keys_that_the_library_cannot_express(bucket: Bucket) -> None:
    hostile = ["a//b.png", "a/../c.png", "\x7f.png", "d/./e.png"]
    plain = ["a.png", "a/b.png", "b.png", "c d+%.png", "z/z.png"]
    for key in (*hostile, *plain):
        bucket.put(f"photos/{key}", b"12345")
    for folder in ("photos/", "photos/a/", "photos/c/"):  # what some programs make for folders
        bucket.put(folder, b"")
    items = list(store(bucket).list())
    assert [item.key for item in items] == sorted([*hostile, *plain])
    assert [item.key for item in store(bucket).list("a/")] == ["a/../c.png", "a//b.png", "a/b.png"]
    assert {(item.size, item.version) for item in items} == {(5, items[0].version)}
    assert all(item.modified > 1.7e9 for item in items)


def test_objects_that_stand_for_folders_are_left_out(bucket: Bucket) -> None:
    for key in ("photos/", "photos/a/", "photos/a/x.png", "photos/a-b.png"):
        bucket.put(key, b"" if key.endswith("/") else b"1")
    assert [item.key for item in store(bucket).list()] == ["a-b.png", "a/x.png"]


def test_a_bucket_with_locks_takes_outputs_and_keeps_what_is_locked(
    object_server: ObjectServer,
) -> None:
    locked = object_server.make_bucket(
        "locked", headers={"x-amz-bucket-object-lock-enabled": "true"}
    )
    version = publish(store(locked), "x.png", b"1")
    publish(store(locked), "x.png", b"2", expect=version)
    assert [each.size for each in locked.versions()] == [1, 1]
    probe_output(place_of(locked.url, locked.endpoint))


RETENTION = (
    b'<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
    b"<Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
)


def test_a_bucket_that_keeps_every_version_for_a_day_takes_outputs(
    object_server: ObjectServer,
) -> None:
    """S3 asks for a checksum then; moto wants its algorithm in one more header."""
    lock = {"x-amz-bucket-object-lock-enabled": "true"}
    kept = object_server.make_bucket("kept", headers=lock)
    kept.request("PUT", query="object-lock", data=RETENTION)

    def name_algorithm(asked: Asked) -> None:
        if any(name.lower() == "x-amz-checksum-sha256" for name in asked.headers):
            asked.headers["x-amz-sdk-checksum-algorithm"] = "SHA256"

    with faulty_server(kept.endpoint, name_algorithm) as server:
        place = place_of(kept.url, server.endpoint)
        probe_output(place)
        version = publish(ObjectStore(place), "x.png", b"1")
        publish(ObjectStore(place), "x.png", b"2", expect=version)
    assert [each.key for each in kept.versions()].count("x.png") == 2
    with pytest.raises(UsageError, match="the server refuses the first request"):
        probe_output(place_of(kept.url, kept.endpoint))


def test_places_are_picklable() -> None:
    place = Place("s3://bucket/photos", "http://127.0.0.1:9000")
    assert pickle.loads(pickle.dumps(place)) == place


def test_a_server_has_many_buckets(object_server: ObjectServer, bucket: Bucket) -> None:
    other = object_server.make_bucket(f"{bucket.name}-more", versioned=False)
    other.put("a", b"1")
    assert (other.keys(), bucket.keys()) == (["a"], [])
