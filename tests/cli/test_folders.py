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
