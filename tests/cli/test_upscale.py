import os
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Photo, Tool, size_of

ESPCN = ("--model", "espcn")


def hidden_files(folder: Path) -> list[Path]:
    """Files that a finished run must not leave, outside the folder of its records."""
    return [p for p in folder.rglob(".*") if p.is_file() and ".sr-batch" not in p.parent.name]


def test_writes_a_file_beside_its_input(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    before = photo("cat.png").read_bytes()
    run = tool("upscale", "cat.png", *ESPCN)
    assert run.code == 0
    assert run.out == b""
    assert size_of(tmp_path / "cat_x2_espcn.png") == (48, 32)
    assert (tmp_path / "cat.png").read_bytes() == before


def test_mirrors_a_folder(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("photos/a.jpg")
    photo("photos/deep/er/b.webp")
    (tmp_path / "photos/notes.txt").write_text("not a picture")
    run = tool("upscale", "photos", *ESPCN)
    assert run.code == 0
    assert size_of(tmp_path / "photos_sr/a.jpg") == (48, 32)
    assert size_of(tmp_path / "photos_sr/deep/er/b.webp") == (48, 32)
    assert hidden_files(tmp_path) == []


def test_no_recursive_leaves_out_subfolders(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("photos/a.png")
    photo("photos/deep/b.png")
    assert tool("upscale", "photos", *ESPCN, "--no-recursive").code == 0
    assert [p.name for p in (tmp_path / "photos_sr").rglob("*.png")] == ["a.png"]


def test_a_second_run_does_nothing(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("photos/a.png")
    photo("photos/b.jpg")
    assert tool("upscale", "photos", *ESPCN).code == 0
    before = {
        p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in (tmp_path / "photos_sr").iterdir()
    }
    run = tool("upscale", "photos", *ESPCN, "--json")
    assert run.code == 0
    assert {result["status"] for result in run.results} == {"skipped"}
    outputs = [p for p in before if p.suffix in (".png", ".jpg")]
    assert len(outputs) == 2
    assert all((p.stat().st_mtime_ns, p.stat().st_ino) == before[p] for p in outputs)


def test_redoes_a_deleted_output(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("photos/a.png")
    photo("photos/b.png")
    tool("upscale", "photos", *ESPCN)
    (tmp_path / "photos_sr/a.png").unlink()
    run = tool("upscale", "photos", *ESPCN, "--json")
    assert {Path(r["input"]).name: r["status"] for r in run.results} == {
        "a.png": "done",
        "b.png": "skipped",
    }


def test_json_states_what_was_done(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    run = tool("upscale", "a.png", *ESPCN, "--scale", "1.5", "-o", "out/", "--json")
    (result,) = run.results
    assert result == {
        "input": "a.png",
        "status": "done",
        "output": str(Path("out/a.png")),
        "error": None,
        "seconds": result["seconds"],
        "input_size": [24, 16],
        "output_size": [36, 24],
        "model": "espcn",
        "scale": 1.5,
        "provider": "CPUExecutionProvider",
        "precision": result["precision"],
        "notes": result["notes"],
    }
    assert size_of(tmp_path / "out/a.png") == (36, 24)


def png_header(width: int, height: int) -> bytes:
    """A PNG header that states a size, without any pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


BAD: dict[str, Callable[[bytes], bytes]] = {
    "truncated.jpg": lambda good: good[: len(good) // 2],
    "corrupt.jpg": lambda good: good[:20] + b"\xa5" * 400,
    "empty.png": lambda good: b"",
    "text.jpg": lambda good: b"this is a letter, not a photograph\n" * 9,
    "zero.png": lambda good: png_header(0, 7),
    "bomb.png": lambda good: png_header(60_000, 60_000),
}


def test_bad_inputs_fail_in_one_line_each_and_the_others_are_done(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    good = photo("photos/good.jpg", size=(40, 30)).read_bytes()
    for name, spoil in BAD.items():
        (tmp_path / "photos" / name).write_bytes(spoil(good))
    run = tool("upscale", "photos", *ESPCN, "--json")
    assert run.code == 3
    assert run.summary | {"seconds": 0} == {
        "planned": len(BAD) + 1,
        "done": 1,
        "skipped": 0,
        "failed": len(BAD),
        "not_run": 0,
        "seconds": 0,
        "exit_code": 3,
    }
    failed = {Path(r["input"]).name: r["error"] for r in run.results if r["status"] == "failed"}
    assert failed.keys() == BAD.keys()
    for name, error in failed.items():
        assert name in error
        assert [line for line in run.err.splitlines() if name in line] == [f"failed: {error}"]
    assert "--max-pixels" in failed["bomb.png"]
    assert [p.name for p in (tmp_path / "photos_sr").glob("*.*g")] == ["good.jpg"]


def test_finds_the_format_by_content(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("really.png").rename(tmp_path / "photo.jpg")
    run = tool("upscale", "photo.jpg", *ESPCN, "--json")
    assert run.code == 0
    with Image.open(tmp_path / run.results[0]["output"]) as image:
        assert image.size == (48, 32)


@pytest.mark.parametrize("name", ["line\nbreak.png", "-dash.png", "quo'te\".png", "ünï.png"])
def test_takes_hostile_names(tool: Tool, photo: Photo, tmp_path: Path, name: str) -> None:
    photo(f"photos/{name}")
    run = tool("upscale", "photos", *ESPCN, "--json")
    assert run.code == 0
    assert size_of(tmp_path / "photos_sr" / name) == (48, 32)


def test_takes_a_name_that_is_not_valid_text(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    photo("photos/a.png").rename(tmp_path / "photos" / name)
    (tmp_path / "photos" / os.fsdecode(b"bad\xe9\x1b[31m.png")).write_bytes(b"")
    run = tool("upscale", "photos", *ESPCN, "--json")
    assert run.code == 3
    assert size_of(tmp_path / "photos_sr" / name) == (48, 32)
    assert "\x1b" not in run.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scale", "0"], "above 0 and at most 64"),
        (["--scale", "65"], "above 0 and at most 64"),
        (["--scale", "nan"], "above 0 and at most 64"),
        (["--scale", "big"], "must be a number, above 0 and at most 64"),
        (["--mode", "cmyk"], "'auto', 'rgb', 'y'"),
        (["--tile", "7"], "at least 32"),
        (["--tile", "wide"], "at least 32"),
        (["--overlap", "-1"], "at least 0"),
        (["--overlap", "some"], "auto, full or at least 0"),
        (["--format", "ico"], "png"),
        (["--quality", "101"], "1 to 100"),
        (["--max-pixels", "0"], "at least 1"),
        (["--jobs", "0"], "at least 1"),
        (["--device", "abacus"], "auto, cpu"),
    ],
)
def test_a_wrong_value_is_a_usage_error_with_the_range(
    tool: Tool, photo: Photo, arguments: list[str], said: str
) -> None:
    photo("a.png")
    run = tool("upscale", "a.png", *ESPCN, *arguments)
    assert run.code == 2
    assert said in run.err
    assert arguments[0] in run.err


def test_suggests_the_nearest_model(tool: Tool, photo: Photo) -> None:
    photo("a.png")
    run = tool("upscale", "a.png", "--model", "espnc")
    assert run.code == 2
    assert re.search(r"espnc.*espcn", run.err)


def test_a_missing_input_is_a_usage_error(tool: Tool) -> None:
    run = tool("upscale", "nowhere.png", *ESPCN)
    assert run.code == 2
    assert "nowhere.png" in run.err


def test_a_folder_without_images_is_not_an_error(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = tool("upscale", "empty", *ESPCN)
    assert run.code == 0
    assert run.err == "no images found in empty\n"
    assert not (tmp_path / "empty_sr").exists()


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (["--include", "zz*"], "no images found in in: --include 'zz*' leaves all of them out\n"),
        (
            ["--include", "a*", "--exclude", "*.png"],
            "no images found in in: --include 'a*' and --exclude '*.png' leave all of them out\n",
        ),
    ],
)
def test_a_filter_that_leaves_out_every_image_is_named(
    tool: Tool, photo: Photo, filters: list[str], said: str
) -> None:
    photo("in/a.png")
    run = tool("upscale", "in", *ESPCN, *filters)
    assert (run.code, run.err) == (0, said)


def test_colliding_outputs_stop_the_run_before_any_work(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    photo("photos/a.png")
    photo("photos/a.jpg")
    run = tool("upscale", "photos", *ESPCN, "--format", "png")
    assert run.code == 2
    assert "a.png" in run.err
    assert "a.jpg" in run.err
    assert not (tmp_path / "photos_sr").exists()


def test_never_replaces_a_device_that_is_not_available(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    photo("a.png")
    run = tool("upscale", "a.png", *ESPCN, "--device", "cuda")
    assert run.code == 4
    assert "cuda" in run.err.lower()
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_auto_states_its_device_only_if_that_tells_something(tool: Tool, photo: Photo) -> None:
    photo("a.png")
    run = tool("upscale", "a.png", *ESPCN)
    devices = [line for line in run.err.splitlines() if line.startswith("device: cpu")]
    assert all("to fix it" in line for line in devices)


def test_replaces_the_target_of_a_symlink_and_keeps_the_link(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    photo("a.png")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out.png").symlink_to("elsewhere/target.png")
    for scale, size in (("2", (48, 32)), ("3", (72, 48))):
        assert tool("upscale", "a.png", *ESPCN, "-o", "out.png", "--scale", scale).code == 0
        assert (tmp_path / "out.png").is_symlink()
        assert size_of(tmp_path / "elsewhere/target.png") == size


def test_keeps_a_file_that_it_did_not_write(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    (tmp_path / "out.png").write_bytes(b"a file of the user")
    run = tool("upscale", "a.png", *ESPCN, "-o", "out.png")
    assert run.code == 3
    assert "out.png" in run.err
    assert (tmp_path / "out.png").read_bytes() == b"a file of the user"


def test_a_strength_for_a_network_without_partner_is_refused(photo: Photo, tool: Tool) -> None:
    photo("a.png")
    run = tool("upscale", "a.png", "--model", "edsr", "--strength", "0.5")
    assert run.code == 2
    assert run.err.endswith("balanced (0) with photo (1); edsr has no partner\n")
    assert run.err.count("\n") == 1
