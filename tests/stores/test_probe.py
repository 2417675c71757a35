"""What is found out about places before any work."""

import os
import socket
from pathlib import Path

import pytest

from sr_batch.core.errors import UnwritableOutput, UsageError
from sr_batch.stores import probe
from sr_batch.stores.location import Place, place_of
from sr_batch.stores.object_client import Retries
from sr_batch.stores.probe import probe_input, probe_output
from sr_batch.stores.store import Unreachable
from tests.faulty_server import Asked, Rule, faulty_server, ignore_conditions
from tests.object_server import Bucket, bucket, object_server

__all__ = ["bucket", "object_server"]


def place(bucket: Bucket, endpoint: str = "") -> Place:
    return place_of(f"{bucket.url}/out", endpoint or bucket.endpoint)


def test_a_sound_bucket_passes_and_nothing_is_left_in_it(bucket: Bucket) -> None:
    probe_input(place(bucket))
    probe_output(place(bucket))
    assert bucket.keys() == []
    (trace,) = bucket.versions()
    assert trace.key.startswith("out/.sr-batch/probe-")


def test_a_server_that_ignores_conditions_is_refused(bucket: Bucket) -> None:
    for rule, header in ((ignore_conditions, "If-None-Match"), (ignore_if_match, "If-Match")):
        with (
            faulty_server(bucket.endpoint, rule) as server,
            pytest.raises(UsageError, match=rf"ignores conditions \({header}\).* -o$"),
        ):
            probe_output(place(bucket, server.endpoint))
    assert bucket.keys() == []


def ignore_if_match(asked: Asked) -> None:
    asked.headers.pop("if-match", None)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ((404, "NoSuchBucket"), "no bucket is called bucket-"),
        ((403, "AccessDenied"), "do not permit this"),
        ((403, "InvalidAccessKeyId"), "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ((403, "SignatureDoesNotMatch"), "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ((301, "PermanentRedirect"), "set AWS_REGION"),
        ((404, ""), "is not object storage"),
        ((404, "NoSuchKey"), "--endpoint-url, which must not name the bucket"),
        ((400, "AuthorizationHeaderMalformed"), "set AWS_REGION"),
        (
            (400, "InvalidRequest"),
            r"bucket-\d+/out: the server refuses the first request \(400 Inv",
        ),
    ],
)
def test_a_refusal_at_the_start_says_what_to_do(
    bucket: Bucket, answer: tuple[int, str], text: str
) -> None:
    rule: Rule = lambda asked: answer  # noqa: E731
    with faulty_server(bucket.endpoint, rule) as server:
        for ask in (probe_input, probe_output):
            with pytest.raises(UsageError, match=text) as refused:
                ask(place(bucket, server.endpoint))
            assert "\n" not in str(refused.value)


def test_a_bucket_that_does_not_exist_is_named(bucket: Bucket) -> None:
    missing = place_of("s3://no-such-bucket/x", bucket.endpoint)
    for ask in (probe_input, probe_output):
        with pytest.raises(UsageError, match="no bucket is called no-such-bucket"):
            ask(missing)


def test_an_endpoint_where_nothing_listens_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nowhere = place_of("s3://bucket/x", f"http://127.0.0.1:{port}")
    for ask in (probe_input, probe_output):
        with pytest.raises(Unreachable, match=r"no server answers \(Connection refused\)") as told:
            ask(nowhere)
        assert told.value.exit_code == 4


def test_missing_credentials_are_named(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(probe, "_PATIENCE", Retries(most=0))
    with pytest.raises(UsageError, match="no credentials; set AWS_ACCESS_KEY_ID"):
        probe_input(place(bucket))


def test_folders_are_probed_without_a_trace(user_folder: Path) -> None:
    probe_input(place_of(str(user_folder)))
    probe_output(place_of(str(user_folder / "new" / "folder")))
    assert list(user_folder.iterdir()) == []
    with pytest.raises(UsageError, match="none: no such folder"):
        probe_input(place_of(str(user_folder / "none")))
    user_folder.chmod(0o500)
    with pytest.raises(UnwritableOutput, match="no file can be created"):
        probe_output(place_of(str(user_folder / "new")))
