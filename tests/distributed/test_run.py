"""Whole runs over a real server of S3 and folders, with a fake network."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sr_batch.core.errors import SrBatchError, UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed, JobResult
from sr_batch.core.shard import Shard
from sr_batch.distributed.progress_file import latest, read_runs
from sr_batch.stores.location import Place
from sr_batch.stores.object_store import ObjectStore
from tests.distributed.memory_store import picture
from tests.distributed.runs import go
from tests.fakes import FakeUpscaler, save_picture
from tests.object_server import Bucket, ObjectServer
from tests.runs import go as go_locally
from tests.runs import tree

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'
KEYS = ("a.png", "b/c.png", "b/c.d.png", "b/\u00e9 x%2F.png", "e.jpg")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def photos(bucket: Bucket) -> Bucket:
    """A bucket with pictures below ``in``."""
    for number, key in enumerate(KEYS):
        bucket.put(f"in/{key}", picture(number, kind="JPEG" if key.endswith("jpg") else "PNG"))
    bucket.put("in/a.xmp", XMP)
    bucket.put("in/bad.png", b"this is no picture")
    bucket.put("in/text.txt", b"text")
    bucket.put("in/alone.xmp", XMP)
    bucket.put("in/alone.jpg.xmp", XMP)
    return bucket


def run(bucket: Bucket, inputs: str = "in", output: str = "out", **rest: object) -> list[JobResult]:
    return go(
        f"{bucket.url}/{inputs}",
        output=f"{bucket.url}/{output}",
        endpoint=bucket.endpoint,
        **rest,  # type: ignore[arg-type]
    )


def count(results: list[JobResult]) -> dict[str, int]:
    return dict(Counter(result.status for result in results))


def outputs(bucket: Bucket, prefix: str = "out/") -> dict[str, int]:
    """The keys of outputs, each with its number of versions."""
    keys = [each.key for each in bucket.versions() if each.key.startswith(prefix)]
    return dict(Counter(key for key in keys if "/.sr-batch/" not in key))


def expected(prefix: str = "out/") -> dict[str, int]:
    return {f"{prefix}{key}": 1 for key in (*KEYS, "a.xmp")}


def _forget_manifests(bucket: Bucket) -> None:
    for key in [key for key in bucket.keys() if "/manifests/" in key]:  # noqa: SIM118
        bucket.delete(key)


def test_a_run_in_a_bucket_equals_one_in_folders(photos: Bucket) -> None:
    assert count(run(photos)) == {"done": 5, "failed": 1}
    assert outputs(photos) == expected()
    for key in (*KEYS, "a.xmp", "bad.png"):
        Path("in", key).parent.mkdir(parents=True, exist_ok=True)
        Path("in", key).write_bytes(photos.get(f"in/{key}"))
    assert count(go_locally("in", output="out")) == {"done": 5, "failed": 1}
    for key in (*KEYS, "a.xmp"):
        assert photos.get(f"out/{key}") == Path("out", key).read_bytes(), key
    assert {line.removeprefix("b/") for line in tree("out") if "\u00e9" in line}


def test_a_second_run_does_nothing(photos: Bucket) -> None:
    run(photos)
    upscaler = FakeUpscaler()
    assert count(run(photos, upscaler=upscaler)) == {"skipped": 5, "failed": 1}
    assert upscaler.names == []
    assert outputs(photos) == expected()
    _forget_manifests(photos)
    assert count(run(photos, upscaler=upscaler)) == {"skipped": 5, "failed": 1}
    assert outputs(photos) == expected()


def test_a_changed_input_is_made_again_and_a_foreign_output_is_kept(photos: Bucket) -> None:
    run(photos)
    photos.put("in/a.png", picture(77))
    photos.put("out/e.jpg", b"mine")
    results = run(photos)
    assert count(results) == {"done": 1, "skipped": 4, "failed": 1}
    assert photos.get("out/e.jpg") == b"mine"
    assert any("changed since" in getattr(each, "reason", "") for each in results)
    assert outputs(photos) == expected() | {"out/a.png": 2, "out/e.jpg": 2}


def test_two_runs_at_once_write_everything_once(photos: Bucket) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: count(run(photos)), range(2)))
    assert outputs(photos) == expected()
    assert sum(each.get("done", 0) for each in both) == 5


def test_shards_write_everything_once_and_are_added_up(photos: Bucket) -> None:
    for index in range(3):
        run(photos, shard=Shard(index, 3))
    run(photos, shard=Shard(1, 3))
    assert outputs(photos) == expected()
    runs = latest(read_runs(ObjectStore(Place(f"{photos.url}/out", photos.endpoint))))
    assert [each.shard for each in runs] == ["1/3", "2/3", "3/3"]
    assert {each.state for each in runs} == {"finished"}
    assert sum(each.done + each.skipped for each in runs) == 5
    assert sum(each.failed for each in runs) == 1


def test_a_run_that_is_stopped_goes_on_later_in_shards(photos: Bucket) -> None:
    stop = threading.Event()
    upscaler = FakeUpscaler(before=lambda name: stop.set())
    assert len(run(photos, upscaler=upscaler, stop=stop, threads=1)) == 1
    [record] = read_runs(ObjectStore(Place(f"{photos.url}/out", photos.endpoint)))
    assert record.state == "stopped"
    parts = [run(photos, shard=Shard(index, 2)) for index in range(2)]
    assert count([*parts[0], *parts[1]]) == {"done": 4, "skipped": 1, "failed": 1}
    assert outputs(photos) == expected()


def test_a_killed_run_leaves_work_that_is_not_done_again(photos: Bucket) -> None:
    """A killed run leaves no manifest behind, only what is in the bucket."""

    def die(name: str) -> None:
        if name.endswith("e.jpg"):
            raise SystemExit

    with pytest.raises(SystemExit):
        run(photos, upscaler=FakeUpscaler(before=die), threads=1)
    _forget_manifests(photos)
    done = outputs(photos)
    assert len(done) == 5
    again = FakeUpscaler()
    run(photos, upscaler=again)
    assert outputs(photos) == expected()
    assert again.names == [f"{photos.url}/in/e.jpg"]


def test_folders_and_buckets_mix(photos: Bucket) -> None:
    save_picture(Path("here/x.png"), 5)
    mixed = go(f"{photos.url}/in/b", "here", output="local", endpoint=photos.endpoint)
    assert count(mixed) == {"done": 4}
    assert tree("local") == ["c.d.png", "c.png", "x.png", "\u00e9 x%2F.png"]
    again = go(f"{photos.url}/in/b", "here", output="local", endpoint=photos.endpoint)
    assert count(again) == {"skipped": 4}
    go("here", output=f"{photos.url}/up", endpoint=photos.endpoint)
    assert outputs(photos, "up/") == {"up/x.png": 1}


def test_one_object_and_a_pattern(photos: Bucket) -> None:
    [one] = run(photos, "in/a.png", "single.jpg")
    assert (one.status, one.output) == ("done", f"{photos.url}/single.jpg")
    assert photos.get("single.jpg")[:2] == b"\xff\xd8"
    [beside] = run(photos, "in/a.png", "in/")
    assert beside.output == f"{photos.url}/in/a_x2_nearest.png"
    matched = run(photos, "in/*/c*.png", "some")
    assert outputs(photos, "some/") == {"some/b/c.png": 1, "some/b/c.d.png": 1}
    assert count(matched) == {"done": 2}


def test_outputs_below_the_input_are_no_inputs(photos: Bucket) -> None:
    run(photos, output="in/large")
    results = run(photos, output="in/large")
    assert count(results) == {"skipped": 10, "failed": 1}
    assert outputs(photos, "in/large/") == expected("in/large/")


@pytest.mark.parametrize(
    ("inputs", "output", "text"),
    [
        ("in", None, "give the place of the outputs with -o"),
        ("in", "in", "is the input, too"),
        ("in/b", "in", "contains the input"),
        ("nothing", "out", "no object has this name"),
        ("in", "x.png", "names a file, and these inputs need a folder"),
        ("in/a.png", "in/a.png", "is an input and is never overwritten"),
    ],
)
def test_wrong_places_are_refused(
    photos: Bucket, inputs: str, output: str | None, text: str
) -> None:
    target = f"{photos.url}/{output}" if output else None
    with pytest.raises(UsageError, match=text):
        go(f"{photos.url}/{inputs}", output=target, endpoint=photos.endpoint)


def test_a_missing_folder_and_a_pattern_without_matches(
    photos: Bucket, object_server: ObjectServer
) -> None:
    empty = object_server.make_bucket("empty")
    with pytest.raises(UsageError, match="no such file or folder"):
        go("missing", output=f"{photos.url}/out", endpoint=photos.endpoint)
    with pytest.raises(UsageError, match="no such file or folder"):
        go("x" * 300, output=f"{photos.url}/out", endpoint=photos.endpoint)
    with pytest.raises(UsageError, match="the pattern matches no image"):
        run(photos, "in/*.tif")
    with pytest.raises(UsageError, match="the bucket is empty"):
        go(empty.url, output=f"{photos.url}/out", endpoint=photos.endpoint)
    with pytest.raises(UsageError, match="standard input"):
        go("-", output=f"{photos.url}/out", endpoint=photos.endpoint)


def test_a_failing_listing_ends_the_run_after_the_results(
    photos: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ObjectStore.list

    def broken(store: ObjectStore, prefix: str = "") -> Iterator[object]:
        for number, item in enumerate(whole(store, prefix)):
            if store.url.endswith("/in") and number == 3:
                raise SrBatchError("the listing broke")
            yield item

    monkeypatch.setattr(ObjectStore, "list", broken)
    results: list[JobResult] = []
    with pytest.raises(SrBatchError, match="the listing broke"):
        results += run(photos)
    assert not [each for each in results if isinstance(each, Failed)]
    monkeypatch.undo()
    run(photos)
    assert outputs(photos) == expected()


def test_name_and_format(photos: Bucket) -> None:
    options = UpscaleOptions(name="{stem}_{width}{ext}", format="webp", metadata="strip")
    run(photos, "in/b", options=options)
    assert outputs(photos) == {
        "out/c_12.webp": 1,
        "out/c.d_12.webp": 1,
        "out/\u00e9 x%2F_12.webp": 1,
    }
    assert count(run(photos, "in/b", options=options)) == {"skipped": 3}
