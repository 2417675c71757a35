"""Servers that throttle, fill, refuse, lie and lose answers."""

import pytest

from sr_batch.core.errors import SrBatchError, StorageError, UnreadableImage, UnwritableOutput
from sr_batch.stores.location import place_of
from sr_batch.stores.object_client import Retries
from sr_batch.stores.object_store import ObjectStore
from sr_batch.stores.store import Taken
from tests.faulty_server import LOSE, Rule, Times, faulty_server
from tests.object_server import Bucket, bucket, object_server

__all__ = ["bucket", "object_server"]

LIMIT = 1_000_000
QUICK = Retries(most=2, first=0.01, longest=0.02)
SLOW_DOWN = (503, "SlowDown")


def publish(to: ObjectStore, data: bytes = b"1") -> str:
    return to.publish("x.png", data, None, {"run": "1"}, "image/png")


def behind(bucket: Bucket, endpoint: str, retries: Retries = QUICK) -> ObjectStore:
    return ObjectStore(place_of(f"{bucket.url}/out", endpoint), retries)


def test_a_server_that_throttles_is_asked_again(bucket: Bucket) -> None:
    for method in ("PUT", "GET"):
        with faulty_server(bucket.endpoint, Times(2, method, SLOW_DOWN)) as server:
            store = behind(bucket, server.endpoint)
            if method == "PUT":
                publish(store)
            else:
                assert store.read("x.png", None, LIMIT) == b"1"
                assert [item.key for item in store.list()] == ["x.png"]
            assert sum(asked.method == method for asked in server.asked) >= 3
    assert len(bucket.versions()) == 1


def test_a_server_that_throttles_for_ever_ends_the_run(bucket: Bucket) -> None:
    with faulty_server(bucket.endpoint, lambda asked: SLOW_DOWN) as server:
        store = behind(bucket, server.endpoint)
        for act in (
            lambda: publish(store),
            lambda: store.read("x.png", None, LIMIT),
            lambda: store.head("x.png"),
            lambda: list(store.list()),
        ):
            with pytest.raises(StorageError, match="refuses for minutes now") as refused:
                act()
            assert "\n" not in str(refused.value)


def test_a_lost_answer_is_no_foreign_object(bucket: Bucket) -> None:
    with faulty_server(bucket.endpoint, Times(1, "PUT", LOSE)) as server:
        version = publish(behind(bucket, server.endpoint))
    assert [f'"{version}"'] == [each.etag for each in bucket.versions()]


def test_an_object_that_was_there_before_a_lost_answer_is_kept(bucket: Bucket) -> None:
    bucket.put("out/x.png", b"other", {"run": "0"})
    with faulty_server(bucket.endpoint, Times(1, "PUT", LOSE)) as server, pytest.raises(Taken):
        publish(behind(bucket, server.endpoint))


def test_two_creators_at_the_same_time_try_again(bucket: Bucket) -> None:
    rule = Times(4, "PUT", (409, "ConditionalRequestConflict"))
    with faulty_server(bucket.endpoint, rule) as server:
        publish(behind(bucket, server.endpoint))
    assert len(bucket.versions()) == 1


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        ((403, "AccessDenied"), UnwritableOutput, "do not permit it, or a lock keeps"),
        ((400, "KeyTooLongError"), UnwritableOutput, "refuses it: 400 KeyTooLongError"),
        ((507, "InsufficientStorage"), StorageError, "the store is full"),
        ((403, "QuotaExceeded"), StorageError, "the store is full"),
        ((403, "ExpiredToken"), StorageError, "missing or too old"),
        ((404, "NoSuchBucket"), StorageError, "does not exist any more"),
    ],
)
def test_what_a_refusal_to_write_means(
    bucket: Bucket, answer: tuple[int, str], error: type[SrBatchError], text: str
) -> None:
    rule: Rule = lambda asked: answer  # noqa: E731
    with (
        faulty_server(bucket.endpoint, rule) as server,
        pytest.raises(error, match=text) as refused,
    ):
        publish(behind(bucket, server.endpoint))
    assert str(refused.value).startswith(f"{bucket.url}/out/x.png (1 byte) could not be written:")


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        ((403, "AccessDenied"), UnreadableImage, "do not permit to read it"),
        ((403, "InvalidObjectState"), UnreadableImage, "in an archive"),
        ((400, "KMS.DisabledException"), UnreadableImage, "refuses to read it: 400 KMS"),
        ((403, "InvalidAccessKeyId"), StorageError, "missing or too old"),
    ],
)
def test_what_a_refusal_to_read_means(
    bucket: Bucket, answer: tuple[int, str], error: type[SrBatchError], text: str
) -> None:
    rule: Rule = lambda asked: answer  # noqa: E731
    with faulty_server(bucket.endpoint, rule) as server, pytest.raises(error, match=text):
        behind(bucket, server.endpoint).read("x.png", None, LIMIT)
