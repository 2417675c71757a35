import io
import os
import re
import struct
import unicodedata
import zlib
from pathlib import Path

import pytest
from PIL import Image as Pillow

from sr_batch.batch.output_ledger import Entry, Ledger
from sr_batch.batch.planning import Plan, plan_jobs
from sr_batch.core.errors import OutputCollision, UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed, Skipped
from tests.disks import can_fold, folding_file_system
from tests.fakes import save_picture

OPTIONS = UpscaleOptions()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def plan(*inputs: str, output: str | None = None, options: UpscaleOptions = OPTIONS) -> Plan:
    return plan_jobs(inputs, output, options, "edsr", pytest.fail)


def the_failure(plan: Plan) -> str:
    (result,) = plan.settled
    assert isinstance(result, Failed)
    return result.error


def skipped(plan: Plan) -> dict[str, str]:
    return {result.input: result.reason for result in plan.settled if isinstance(result, Skipped)}


def record(root: str, *names: str) -> None:
    """Record these files as outputs."""
    for name in names:
        save_picture(Path(root, name))
        Ledger(Path(root), pytest.fail).record(Path(root, name), Entry("s", "r", "o", Path(name)))


def png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG of any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


# what is read of a file


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".bmp", ".gif", ".avif"])
def test_knows_the_pixels_of_each_job_from_its_header(suffix: str) -> None:
    save_picture(Path("a" + suffix), size=(31, 17))
    (job,) = plan("a" + suffix).jobs
    assert job.pixels == 31 * 17


def test_a_header_beyond_the_head_is_left_to_the_job() -> None:
    """A JPEG whose profile fills the first 64 KiB."""
    buffer = io.BytesIO()
    Pillow.new("RGB", (8, 8)).save(buffer, "JPEG", icc_profile=bytes(200_000))
    Path("a.jpg").write_bytes(buffer.getvalue())
    (job,) = plan("a.jpg").jobs
    assert (job.format, job.pixels) == ("jpg", 0)


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a" + bytes(99), b"some text", bytes(99), b"\x89PNG\r\n\x1a\n"]
)
def test_a_file_that_is_no_readable_image_fails_in_one_line(content: bytes) -> None:
    save_picture(Path("in/good.png"))
    Path("in/bad.png").write_bytes(content)
    made = plan("in")
    assert [job.source.name for job in made.jobs] == ["good.png"]
    error = the_failure(made)
    assert error.startswith("in/bad.png: ")
    assert error.isprintable()


def test_an_image_over_the_pixel_limit_fails_before_any_work() -> None:
    Path("a.png").write_bytes(png_header(30000, 30000))
    assert "--max-pixels" in the_failure(plan("a.png"))
    (job,) = plan("a.png", options=UpscaleOptions(max_pixels=10**9)).jobs
    assert job.pixels == 9 * 10**8


def test_an_output_that_its_format_cannot_hold_fails_before_any_work() -> None:
    save_picture(Path("a.webp"), size=(9000, 1))
    assert "--format" in the_failure(plan("a.webp"))
    assert len(plan("a.webp", options=UpscaleOptions(format="png")).jobs) == 1


def test_an_output_name_over_the_limit_fails_before_any_work() -> None:
    name = "a" * 251 + ".png"
    save_picture(Path("in", name))
    assert "-o" in the_failure(plan(f"in/{name}"))
    assert len(plan("in").jobs) == 1


def test_a_file_that_cannot_be_read_fails(user_folder: Path) -> None:
    save_picture(user_folder / "a.png").chmod(0)
    assert the_failure(plan(str(user_folder))) == f"{user_folder}/a.png: Permission denied"


def test_hostile_names_are_planned() -> None:
    for name in (b"a\n.png", b"\"'.png", b"-x.png", b"\xff\xfe.png"):
        save_picture(Path("in", os.fsdecode(name)), kind="PNG")
    assert sorted(os.fsencode(job.target) for job in plan("in").jobs) == sorted(
        [b"in_sr/a\n.png", b"in_sr/\"'.png", b"in_sr/-x.png", b"in_sr/\xff\xfe.png"]
    )


def test_a_folder_without_images_is_an_empty_plan() -> None:
    Path("in").mkdir()
    assert plan("in") == Plan((), ())


# never two inputs for one output, never an input as output


NAMES_THAT_FOLD = pytest.mark.parametrize(
    ("first", "second"),
    [
        ("in/a.jpg", "in/A.JPG"),
        ("in/STRASSE.png", "in/straße.png"),
        (unicodedata.normalize("NFC", "in/é.png"), unicodedata.normalize("NFD", "in/é.png")),
        (unicodedata.normalize("NFC", "in/É.png"), unicodedata.normalize("NFD", "in/é.png")),
        ("in/É/a.png", "in/é/a.png"),
        ("in/\u0390.png", "in/\u03aa\u0301.png"),  # one letter, whose capital has no code
    ],
)


@pytest.fixture
def folding_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands for a disk on which the second of two such names finds the file of the first."""

    def exists(path: Path) -> bool:
        names = {fold(name) for name in os.listdir(path.parent)}  # noqa: PTH208 - names, not paths
        return fold(path.name) in names

    def fold(name: str) -> str:
        return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())

    monkeypatch.setattr("sr_batch.batch.collisions.is_there", exists)


@NAMES_THAT_FOLD
def test_names_that_the_file_system_keeps_apart_do_not_collide(first: str, second: str) -> None:
    save_picture(Path(first))
    save_picture(Path(second))
    assert {str(job.source) for job in plan("in", output="out").jobs} == {first, second}
    assert not Path("out").exists()
    assert [path.name for path in Path().iterdir()] == ["in"]


@pytest.mark.usefixtures("folding_names")
@NAMES_THAT_FOLD
def test_names_that_the_file_system_takes_for_one_collide(first: str, second: str) -> None:
    save_picture(Path(first))
    save_picture(Path(second))
    with pytest.raises(OutputCollision) as caught:
        plan("in")
    assert first in str(caught.value)
    assert second in str(caught.value)
    assert "-o" in str(caught.value)


def test_a_real_disk_takes_two_names_for_one() -> None:
    """On FAT or exFAT. If neither can be mounted, only the simulated disk above is tested."""
    if not can_fold():
        pytest.skip("no file system that folds case can be mounted here")
    for name in ("in/a.jpg", "in/A.JPG"):
        save_picture(Path(name))
    Path("disk").mkdir()
    with folding_file_system(Path("disk")):
        with pytest.raises(OutputCollision, match=r"--on-collision number"):
            plan("in", output="disk/out")
        counted = UpscaleOptions(on_collision="number")
        numbered = plan("in", output="disk/out", options=counted).jobs
        assert [job.target.name for job in numbered] == ["A.JPG", "a_2.jpg"]
        assert not Path("disk/out").exists()


def test_one_format_for_all_makes_names_collide() -> None:
    save_picture(Path("in/a.jpg"))
    save_picture(Path("in/a.png"))
    assert len(plan("in").jobs) == 2
    with pytest.raises(OutputCollision, match=r"in/a\.jpg and in/a\.png .* in_sr/a\.png"):
        plan("in", options=UpscaleOptions(format="png"))


def test_a_collision_is_answered_with_the_name_that_solves_it() -> None:
    save_picture(Path("in/b/a.jpg"))
    save_picture(Path("in/b/a.png"))
    for inputs in (["in"], ["in/b/a.jpg", "in/b/a.png"]):
        with pytest.raises(OutputCollision) as caught:
            plan(*inputs, options=UpscaleOptions(format="png"))
        found = re.search("--name '([^']+)'", str(caught.value))
        assert found
        solved = plan(*inputs, options=UpscaleOptions(format="png", name=found[1]))
        assert len({job.target for job in solved.jobs}) == 2
        assert not any("a.jpg" in str(job.target) for job in solved.jobs)


def test_no_name_is_offered_that_solves_nothing() -> None:
    save_picture(Path("a/x.png"))
    save_picture(Path("b/x.png"))
    with pytest.raises(OutputCollision) as caught:
        plan("a/x.png", "b/x.png", output="out")
    assert "--name" not in str(caught.value)
    assert "--on-collision number" in str(caught.value)


def test_numbers_never_take_the_name_of_another_output_or_input() -> None:
    for name in ("a.bmp", "a.jpg", "a.png", "a_2.jpg"):
        save_picture(Path("in", name))
    options = UpscaleOptions(format="png", on_collision="number")
    made = {str(job.source): str(job.target) for job in plan("in", options=options).jobs}
    assert made == {
        "in/a.bmp": "in_sr/a.png",
        "in/a.jpg": "in_sr/a_3.png",
        "in/a.png": "in_sr/a_4.png",
        "in/a_2.jpg": "in_sr/a_2.png",
    }


def test_content_makes_names_collide() -> None:
    save_picture(Path("in/a.jpg"), kind="PNG")
    save_picture(Path("in/a.png"))
    with pytest.raises(OutputCollision):
        plan("in")


def test_equal_names_of_several_folders_collide() -> None:
    save_picture(Path("a/x.png"))
    save_picture(Path("b/x.png"))
    assert len(plan("a", "b").jobs) == 2
    with pytest.raises(OutputCollision):
        plan("a", "b", output="out")
    with pytest.raises(OutputCollision):
        plan("a/x.png", "b/x.png", output="out")


def test_a_link_in_the_output_tree_makes_names_collide() -> None:
    save_picture(Path("in/a/x.png"))
    save_picture(Path("in/b/x.png"))
    Path("out/a").mkdir(parents=True)
    Path("out/b").symlink_to("a")
    with pytest.raises(OutputCollision):
        plan("in", output="out")


def test_an_input_named_twice_is_one_job(tmp_path: Path) -> None:
    save_picture(Path("in/a.png"))
    assert len(plan("in", "in").jobs) == 1
    assert len(plan("in/a.png", "./in/../in/a.png", f"{tmp_path}/in/a.png").jobs) == 1


def test_an_output_that_is_its_own_input_is_refused() -> None:
    save_picture(Path("a.png"))
    Path("link.png").symlink_to("a.png")
    for output in ("a.png", "link.png"):
        with pytest.raises(OutputCollision, match="never overwritten"):
            plan("a.png", output=output)


def test_an_output_that_is_another_input_is_refused() -> None:
    save_picture(Path("in/a.png"))
    save_picture(Path("in/b/a.png"))
    with pytest.raises(OutputCollision, match=r"in/a\.png is an input and is never overwritten"):
        plan("in/a.png", "in/b/a.png", output="in")


def test_an_output_that_is_an_input_which_failed_is_refused() -> None:
    save_picture(Path("in/a.png"))
    Path("in/a_x2_edsr.png").write_bytes(b"a draft of somebody's")
    with pytest.raises(OutputCollision):
        plan("in", output="in")


def test_an_output_link_to_an_input_is_refused() -> None:
    save_picture(Path("in/a.png"))
    Path("out").mkdir()
    Path("out/a.png").symlink_to("../in/a.png")
    with pytest.raises(OutputCollision):
        plan("in", output="out")


# never upscaled twice


def test_recorded_outputs_in_the_tree_are_skipped() -> None:
    save_picture(Path("in/a.png"))
    record("in", "a_x2_edsr.png")
    record("in/b", "c.png")
    made = plan("in", output="in")
    assert [job.source for job in made.jobs] == [Path("in/a.png")]
    assert list(skipped(made)) == ["in/a_x2_edsr.png", "in/b/c.png"]
    assert "made by sr-batch itself" in skipped(made)["in/b/c.png"]


def test_a_recorded_output_that_is_named_is_skipped() -> None:
    record("out", "b/c.png")
    for inputs in (["out/b/c.png"], ["out/b"], ["out/*/c.png"], ["out"]):
        assert list(skipped(plan(*inputs))) == ["out/b/c.png"]


def test_a_link_to_a_recorded_output_is_skipped() -> None:
    record("out", "a.png")
    Path("in").mkdir()
    Path("in/b.png").symlink_to("../out/a.png")
    assert list(skipped(plan("in"))) == ["in/b.png"]


def test_files_in_an_output_folder_inside_the_input_are_skipped() -> None:
    """Even if the ledger was lost."""
    save_picture(Path("in/a.png"))
    save_picture(Path("in/out/a.png"))
    made = plan("in", output="in/out")
    assert [str(job.target) for job in made.jobs] == ["in/out/a.png"]
    assert skipped(made) == {"in/out/a.png": "in the output folder"}


def test_an_input_inside_the_output_folder_is_not_an_output() -> None:
    save_picture(Path("out/in/a.png"))
    assert [str(job.target) for job in plan("out/in", output="out").jobs] == ["out/a.png"]


def test_a_broken_ledger_among_the_inputs_is_reported_and_stops_nothing() -> None:
    save_picture(Path("in/a.png"))
    Path("in/.sr-batch").mkdir()
    Path("in/.sr-batch/state.sqlite").write_bytes(b"no database" * 99)
    said: list[str] = []
    made = plan_jobs(["in"], None, OPTIONS, "edsr", said.append)
    assert len(made.jobs) == 1
    assert len(said) == 1
    assert "state.sqlite" in said[0]


def test_a_wrong_command_is_refused_before_anything_is_written() -> None:
    with pytest.raises(UsageError):
        plan("gone")
    assert list(Path().iterdir()) == []


def test_planning_writes_nothing() -> None:
    save_picture(Path("in/a.png"))
    plan("in")
    assert [str(path) for path in Path().rglob("*")] == ["in", "in/a.png"]
