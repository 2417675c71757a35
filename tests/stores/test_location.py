"""URLs and paths that name places."""

import pickle
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sr_batch.cli import watch
from sr_batch.cli.report import Report
from sr_batch.core.errors import UsageError
from sr_batch.stores import object_client
from sr_batch.stores.location import Place, is_url, place_of, require_path
from sr_batch.stores.opening import open_store


@pytest.mark.parametrize(
    ("text", "bucket", "prefix"),
    [
        ("s3://bucket", "bucket", ""),
        ("s3://bucket/", "bucket", ""),
        ("S3://bucket/a b/ä%20?#/", "bucket", "a b/ä%20?#"),
        ("gs://my.bucket_1/x", "my.bucket_1", "x"),
        ("az://container/x/y", "container", "x/y"),
    ],
)
def test_a_url_names_a_bucket_and_a_prefix(text: str, bucket: str, prefix: str) -> None:
    place = place_of(text)
    assert is_url(text) and place.is_remote
    assert (place.bucket, place.prefix) == (bucket, prefix)
    assert place.url == f"{place.scheme}://{bucket}/{prefix}".rstrip("/")
    assert place.below("a/b") == f"{place.url}/a/b"
    assert pickle.loads(pickle.dumps(place)) == place


@pytest.mark.parametrize("text", ["photos", "/a/b", "../x", "C:\\photos", "a:b", "", "s3", "s3/x"])
def test_all_else_is_a_path(text: str) -> None:
    assert not is_url(text)
    assert place_of(text) == Place(text)
    assert not place_of(text).is_remote


@pytest.mark.skipif(sys.platform == "win32", reason="other paths")
def test_a_file_url_names_a_folder() -> None:
    assert place_of("file:///a/b%20c").folder == Path("/a/b c")
    assert place_of("file://localhost/a").folder == Path("/a")


def test_the_place_above_one_object() -> None:
    place = place_of("s3://bucket/a/b.png", "http://127.0.0.1:9000/")
    assert place.split() == (Place("s3://bucket/a", "http://127.0.0.1:9000"), "b.png")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("s3:///photos", r"s3:///photos: the bucket is missing: s3://BUCKET/PREFIX"),
        ("s3://", r"the bucket is missing"),
        ("s3://?", r"\? cannot be the name of a bucket"),
        ("s3:/bucket/x", r"a URL has two slashes: s3://bucket/x"),
        ("s3a://bucket", r"did you mean s3://\?"),
        ("s4://bucket", r"did you mean s3\? use one of s3://, gs://, az://, file://"),
        ("ftp://bucket", r"use one of s3://"),
        ("https://s3.amazonaws.com/b", r"give s3://BUCKET/PREFIX, and the server with --endpoint"),
        ("s3://bucket//photos", r"begins or ends with a slash, or has two in a row"),
        ("s3://bucket/../photos", r'has a part "\." or "\.\."'),
        ("s3://bucket/a\nb", r"a\\nb: its name has a control character"),
        ("file://photos", r"three slashes: file:///folder"),
        ("file://host/photos", r"three slashes"),
    ],
)
def test_a_malformed_url_is_refused_in_one_line(text: str, told: str) -> None:
    assert is_url(text)
    with pytest.raises(UsageError, match=told) as refused:
        place_of(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("localhost:9000", "must begin with http:// or https://"),
        ("http://", "must be http://HOST:PORT"),
        ("ftp://host", "must be http://HOST:PORT"),
        ("http://host:99999", "--endpoint-url http://host:99999: Port out of range"),
        ("http://host/?x=1", "must be http://HOST:PORT"),
        ("http://host name", "must be http://HOST:PORT"),
    ],
)
def test_a_malformed_endpoint_is_refused(endpoint: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        place_of("s3://bucket", endpoint)


def test_credentials_in_urls_are_refused_and_not_shown() -> None:
    for text, endpoint in (("s3://key:secret@bucket/x", ""), ("s3://b", "http://k:secret@host")):
        with pytest.raises(UsageError, match="environment variables") as refused:
            place_of(text, endpoint)
        assert "secret" not in str(refused.value)


def test_a_url_where_only_a_path_can_be_is_refused() -> None:
    for given in ("s3://bucket/x", Path("s3://bucket/x")):
        with pytest.raises(UsageError, match=r"^s3://bucket/x: needs a folder$"):
            require_path(given, "needs a folder")
    require_path(Path("folder"), "")
    with pytest.raises(UsageError, match=r"s3://bucket/r: --report writes a file"):
        Report(False, 0, False, Path("s3://bucket/r"))
    watched = {"folder": Path("photos"), "output": Path("s3://bucket/out"), "config": None}
    with pytest.raises(UsageError, match=r"s3://bucket/out: sr-batch watch needs folders"):
        watch._pairs(SimpleNamespace(params=watched))  # type: ignore[arg-type]


def test_the_environment_names_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    assert place_of("s3://bucket").endpoint == "http://127.0.0.1:9000"
    assert place_of("s3://bucket", "http://127.0.0.1:1").endpoint == "http://127.0.0.1:1"
    assert place_of("gs://bucket").endpoint == place_of("folder").endpoint == ""


def test_a_missing_library_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_client, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"-m pip install 'sr-batch\[remote\]'$") as refused:
        open_store(place_of("s3://bucket"))
    assert refused.value.exit_code == 2


def test_clients_of_all_providers_open_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    for url in ("s3://bucket/x", "gs://bucket/x"):
        assert open_store(place_of(url, "http://127.0.0.1:9")).url == url
    with pytest.raises(UsageError, match="AZURE_STORAGE_ACCOUNT_NAME"):
        open_store(place_of("az://container/x"))
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    assert open_store(place_of("az://container/x")).url == "az://container/x"
