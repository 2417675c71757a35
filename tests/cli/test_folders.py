"""Which files of a folder are taken, and outputs whose names collide."""

from pathlib import Path

from tests.cli.conftest import Photo, Tool, size_of

ESPCN = ("--model", "espcn")


def test_v_says_what_is_passed_over(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("in/a.jpg")
    photo("in/@eaDir/b.jpg")
    quiet = tool("upscale", "in", *ESPCN)
    assert quiet.code == 0
    assert "@eaDir" not in quiet.err
    assert not (tmp_path / "in_sr/@eaDir").exists()
    assert "in/@eaDir: passed over; --no-ignore takes it" in tool("upscale", "in", "-v", *ESPCN).err
    assert tool("upscale", "in", "--no-ignore", *ESPCN).code == 0
    assert size_of(tmp_path / "in_sr/@eaDir/b.jpg") == (48, 32)


def test_two_inputs_for_one_output_get_a_number(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("in/a.jpg", size=(24, 16))
    photo("in/a.png", size=(12, 8))
    command = ("upscale", "in", "-f", "png", *ESPCN)
    refused = tool(*command)
    assert refused.code == 2
    assert "--name '{reldir}/{stem}_{input_ext}{ext}' or --on-collision number" in refused.err
    for _ in range(2):
        assert tool(*command, "--on-collision", "number").code == 0
        assert size_of(tmp_path / "in_sr/a.png") == (48, 32)
        assert size_of(tmp_path / "in_sr/a_2.png") == (24, 16)
    assert "already done" in tool(*command, "--on-collision", "number").err


def test_names_that_differ_by_case_alone_are_two_outputs(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    photo("in/IMG.jpg", size=(24, 16))
    photo("in/img.jpg", size=(12, 8))
    assert tool("upscale", "in", *ESPCN).code == 0
    assert size_of(tmp_path / "in_sr/IMG.jpg") == (48, 32)
    assert size_of(tmp_path / "in_sr/img.jpg") == (24, 16)


def test_a_format_that_is_not_read_is_counted_by_its_kind(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    photo("in/a.jpg")
    (tmp_path / "in/a.cr3").write_bytes(b"\0\0\0\x18ftypcrx " + bytes(70_000))
    (tmp_path / "in/a.psd").write_bytes(b"8BPS" + bytes(90))
    (tmp_path / "in/b.psd").write_bytes(b"8BPS" + bytes(90))
    (tmp_path / "in/notes.txt").write_bytes(b"text")
    for _ in range(2):
        run = tool("upscale", "in", *ESPCN)
        assert run.code == 0
        assert "3 not read: 2 Photoshop (.psd), 1 camera raw (.cr3)" in run.err
    assert size_of(tmp_path / "in_sr/a.jpg") == (48, 32)


def test_a_raw_beside_its_picture_is_no_failure(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("in/a.jpg")
    (tmp_path / "in/a.nef").write_bytes(b"MM\0*\0\0\0\x08\0\1\x01\0\0\4\0\0\0\1\0" + bytes(90_000))
    assert tool("upscale", "in", *ESPCN).code == 0
    assert tool("upscale", "in/*", *ESPCN, "-o", "out").code == 0
    assert tool("upscale", "in/a.nef", *ESPCN).code == 3
    assert tool("upscale", "in/*", *ESPCN, "-o", "one.jpg").code == 0
    assert size_of(tmp_path / "one.jpg") == (48, 32)


def test_formats_have_synonyms(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    (tmp_path / "my.toml").write_text('[upscale]\nformat = "tiff"\n')
    assert tool("upscale", "a.png", "-f", "jpeg", *ESPCN).code == 0
    assert tool("upscale", "a.png", "--config", "my.toml", *ESPCN).code == 0
    assert (tmp_path / "a_x2_espcn.jpg").exists()
    assert (tmp_path / "a_x2_espcn.tif").exists()
    assert "--format jpgx: must be one of keep, png" in tool("upscale", "a.png", "-f", "jpgx").err
