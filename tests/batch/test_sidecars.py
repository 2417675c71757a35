import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from sr_batch import codec
from sr_batch.batch.engine import run
from sr_batch.batch.planning import plan_jobs
from sr_batch.batch.sidecars import copy_sidecars
from sr_batch.core.errors import StorageError
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done
from sr_batch.files.part_file import PartFile
from sr_batch.files.reading import PIPE
from tests.codec.pictures import xmp_packet
from tests.disks import largest_file
from tests.fakes import FakeUpscaler, save_picture
from tests.runs import count, go, photos, tree

SIZE = Size(34, 26)


def header(orientation: int = 1) -> codec.Header:
    return codec.Header("jpg", (Size(17, 13),), orientation, 17 * 13 * 3)


@pytest.mark.parametrize("name", ["a.xmp", "a.jpg.xmp", "a.XMP"])
def test_copies_the_sidecars_of_an_input(name: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / name).write_bytes(xmp_packet(1))
    target = tmp_path / "out" / "a_x2.jpg"
    assert copy_sidecars(tmp_path / "a.jpg", target, header(), SIZE, "keep") == ()
    copy = target.with_name(name.replace("a", "a_x2", 1))
    assert b'tiff:ImageWidth="34"' in copy.read_bytes()
    assert b"GPSLatitude" in copy.read_bytes()


def test_a_turned_picture_has_an_upright_sidecar(tmp_path: Path) -> None:
    """But an orientation that only the sidecar has was chosen by the user, and stays."""
    (tmp_path / "a.xmp").write_bytes(xmp_packet(6))
    copy_sidecars(tmp_path / "a.jpg", tmp_path / "b.jpg", header(6), SIZE, "no-gps")
    copy_sidecars(tmp_path / "a.jpg", tmp_path / "c.jpg", header(1), SIZE, "keep")
    assert b'tiff:Orientation="1"' in (tmp_path / "b.xmp").read_bytes()
    assert b"GPS" not in (tmp_path / "b.xmp").read_bytes()
    assert b'tiff:Orientation="6"' in (tmp_path / "c.xmp").read_bytes()


def test_copies_nothing_if_metadata_is_stripped_or_there_is_no_sidecar(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_bytes(xmp_packet(1))
    assert copy_sidecars(tmp_path / "a.jpg", tmp_path / "b.jpg", header(), SIZE, "strip") == ()
    assert copy_sidecars(PIPE, tmp_path / "b.jpg", header(), SIZE, "keep") == ()
    assert copy_sidecars(tmp_path / "c.jpg", tmp_path / "b.jpg", header(), SIZE, "keep") == ()
    assert [path.name for path in tmp_path.iterdir()] == ["a.xmp"]


def test_keeps_another_file_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_bytes(xmp_packet(1))
    (tmp_path / "b.xmp").write_bytes(b"someone's own")
    (note,) = copy_sidecars(tmp_path / "a.jpg", tmp_path / "b.jpg", header(), SIZE, "keep")
    assert note == f"{tmp_path}/a.xmp was not copied: {tmp_path}/b.xmp is another file"
    assert (tmp_path / "b.xmp").read_bytes() == b"someone's own"
    (tmp_path / "c.xmp").mkdir()
    (note,) = copy_sidecars(tmp_path / "a.jpg", tmp_path / "c.jpg", header(), SIZE, "keep")
    assert "a folder, not a file" in note


def test_keeps_a_file_that_comes_while_the_copy_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.xmp").write_bytes(xmp_packet(1))
    mine = tmp_path / "b.xmp"
    monkeypatch.setattr(PartFile, "sync", lambda part: mine.write_bytes(b"someone's own"))
    (note,) = copy_sidecars(tmp_path / "a.jpg", tmp_path / "b.jpg", header(), SIZE, "keep")
    assert note == f"{tmp_path}/a.xmp was not copied: {mine} was changed meanwhile"
    assert mine.read_bytes() == b"someone's own"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xmp", "b.xmp"]


def test_copies_the_same_sidecar_again(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_bytes(xmp_packet(1))
    for _ in range(2):
        assert copy_sidecars(tmp_path / "a.jpg", tmp_path / "b.jpg", header(), SIZE, "keep") == ()


@pytest.mark.usefixtures("here")
def test_a_sidecar_that_cannot_be_copied_is_a_note() -> None:
    photos(1)
    Path("in/0.xmp").write_bytes(xmp_packet(1))
    Path("out").mkdir()
    Path("out/0.xmp").write_bytes(b"someone's own")
    (done,) = go("in", output="out")
    assert isinstance(done, Done)
    assert done.notes == ("in/0.xmp was not copied: out/0.xmp is another file",)


@pytest.mark.usefixtures("here")
def test_an_output_without_its_sidecar_is_not_done() -> None:
    photos(1)
    Path("in/0.xmp").write_bytes(xmp_packet(1) + b" " * 100_000)
    plan = plan_jobs(["in"], None, UpscaleOptions(), "nearest")
    with largest_file(24 << 10), pytest.raises(StorageError, match=r"0\.xmp \(101 kB\)"):
        list(run(plan, FakeUpscaler(), UpscaleOptions(), lambda _: None, threading.Event()))
    assert tree("in_sr") == []
    assert count(go("in")) == {"done": 1}
    assert tree("in_sr") == ["0.png", "0.xmp"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("policy", ["keep", "strip"])
def test_an_output_has_the_time_and_the_permissions_of_its_input(policy: str) -> None:
    source = save_picture(Path("in/a.png"), 1)
    source.chmod(0o640)
    os.utime(source, ns=(10**18, 10**18 + 123_456_789))
    go("in", options=UpscaleOptions(metadata="keep" if policy == "keep" else "strip"))
    status = Path("in_sr/a.png").stat()
    if sys.platform != "win32":
        assert stat.S_IMODE(status.st_mode) == 0o640
    assert (status.st_mtime_ns == 10**18 + 123_456_789) == (policy == "keep")


# after the picture was finished


def edited(packet: bytes) -> bytes:
    return packet.replace(b"GPSLatitude", b"GPSLongitud")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["0.xmp", "0.png.xmp"])
def test_the_next_run_copies_a_sidecar_that_came_or_changed_later(name: str) -> None:
    photos(2)
    go("in")
    sidecar = Path("in", name)
    for packet in (xmp_packet(1), edited(xmp_packet(1))):
        sidecar.write_bytes(packet)
        upscaler = FakeUpscaler()
        assert count(go("in", upscaler=upscaler)) == {"skipped": 2}
        assert upscaler.names == []
        copy = Path("in_sr", name).read_bytes()
        assert b'tiff:ImageWidth="12"' in copy
        assert (b"GPSLatitude" in copy) == (packet == xmp_packet(1))
    Path("in_sr", name).unlink()
    go("in")
    assert Path("in_sr", name).read_bytes() == copy


@pytest.mark.usefixtures("here")
def test_a_copy_that_was_changed_is_kept_and_the_next_change_is_told() -> None:
    photos(1)
    Path("in/0.xmp").write_bytes(xmp_packet(1))
    go("in")
    Path("in_sr/0.xmp").write_bytes(b"someone's own")
    go("in")  # there is nothing new to copy
    Path("in/0.xmp").write_bytes(edited(xmp_packet(1)))
    said: list[str] = []
    assert count(go("in", said=said)) == {"skipped": 1}
    assert said == ["in/0.xmp was not copied: in_sr/0.xmp was changed since it was copied"]
    assert Path("in_sr/0.xmp").read_bytes() == b"someone's own"


@pytest.mark.usefixtures("here")
def test_a_changed_output_gets_its_late_sidecar_too() -> None:
    photos(1)
    go("in")
    save_picture(Path("in_sr/0.png"), seed=9, size=(12, 8))
    Path("in/0.xmp").write_bytes(xmp_packet(1))
    assert count(go("in")) == {"skipped": 1}
    assert tree("in_sr") == ["0.png", "0.xmp"]


@pytest.mark.usefixtures("here")
def test_stripped_metadata_stay_stripped() -> None:
    photos(1)
    go("in", options=UpscaleOptions(metadata="strip"))
    Path("in/0.xmp").write_bytes(xmp_packet(1))
    go("in", options=UpscaleOptions(metadata="strip"))
    assert tree("in_sr") == ["0.png"]


@pytest.mark.usefixtures("here")
def test_a_dry_run_copies_no_sidecar() -> None:
    photos(1)
    go("in")
    Path("in/0.xmp").write_bytes(xmp_packet(1))
    plan = plan_jobs(["in"], None, UpscaleOptions(), "nearest")
    options = UpscaleOptions()
    list(run(plan, FakeUpscaler(), options, lambda _: None, threading.Event(), dry=True))
    assert tree("in_sr") == ["0.png"]
