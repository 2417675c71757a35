"""``sr-batch eval`` and ``sr-batch bench --hr`` with pictures in a bucket."""

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from sr_batch.bench.remote_pictures import pictures_at
from sr_batch.cli.bench import read_pictures
from sr_batch.core.errors import UsageError
from tests.cli.conftest import ENVIRONMENT, finish, start
from tests.faulty_server import Asked, faulty_server
from tests.object_server import CREDENTIALS, Bucket, bucket, object_server

__all__ = ["bucket", "object_server"]


def png(side: int = 40) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def pictures(bucket: Bucket) -> Bucket:
    for key in ("hr/a.png", "hr/deep/b.png", "hr/.hidden.png", "hr/notes.txt", "other/c.png"):
        bucket.put(key, png())
    return bucket


def test_eval_measures_pictures_in_a_bucket(
    pictures: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setitem(ENVIRONMENT, name, value)
    pictures.put("hr/broken.png", png()[:60])
    server = ("--endpoint-url", pictures.endpoint)
    command = ("eval", f"{pictures.url}/hr/", *server, "--model", "espcn", "--device", "cpu")
    run = finish(start(*command, cwd=tmp_path))
    assert run.code == 3
    assert [line.split()[0] for line in run.out.decode().splitlines()[1:3]] == [
        "a.png",
        "deep/b.png",
    ]
    copied, broken = run.err.splitlines()
    assert copied.startswith(f"{pictures.url}/hr: copying 3 pictures, ")
    assert broken.startswith(f"{pictures.url}/hr/broken.png: ")


def test_only_pictures_are_copied_and_removed_at_the_end(pictures: Bucket) -> None:
    with pictures_at(f"{pictures.url}/hr", pictures.endpoint, lambda text: None) as found:
        files = [each for each in found.folder.rglob("*") if each.is_file()]
        assert sorted(str(each.relative_to(found.folder)) for each in files) == [
            "a.png",
            "deep/b.png",
        ]
    assert not found.folder.exists()


def test_an_object_that_may_not_be_read_is_one_missing_picture(pictures: Bucket) -> None:
    def forbid(asked: Asked) -> tuple[int, str] | None:
        return (403, "AccessDenied") if asked.path.endswith("/hr/a.png") else None

    with faulty_server(pictures.endpoint, forbid) as server:
        with pictures_at(f"{pictures.url}/hr", server.endpoint, lambda text: None) as found:
            (missing,) = found.missing
        assert "do not permit to read it" in missing.error
        with pytest.raises(UsageError, match="a set must be complete"):
            read_pictures(f"{pictures.url}/hr", server.endpoint)


def test_a_set_in_a_bucket_is_the_same_as_in_a_folder(pictures: Bucket, tmp_path: Path) -> None:
    (tmp_path / "hr" / "deep").mkdir(parents=True)
    for key in ("hr/a.png", "hr/deep/b.png"):
        (tmp_path / key).write_bytes(png())
    remote = read_pictures(f"{pictures.url}/hr", pictures.endpoint)
    local = read_pictures(str(tmp_path / "hr"), "")
    assert (remote.name, remote.digest) == (local.name, local.digest)


def test_what_is_too_much_for_the_disk_is_refused_before_it_is_copied(
    pictures: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        pytest.raises(UsageError, match="no pictures are there"),
        pictures_at(f"{pictures.url}/none", pictures.endpoint, lambda text: None),
    ):
        pass
    usage = shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with (
        pytest.raises(UsageError, match=r"room for 0\.0 GB; set TMPDIR"),
        pictures_at(f"{pictures.url}/hr", pictures.endpoint, lambda text: None),
    ):
        pass
