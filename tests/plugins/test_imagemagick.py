"""The installed delegates, run by ImageMagick 6 and 7."""

import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from sr_batch.inference.model_catalog import find_models
from sr_batch.integrations.imagemagick_delegates import prefixes
from tests.plugins.magick import TOOL, Magick, require

PREFIX = "espcn2x"
FORBIDDEN = '<policymap><policy domain="delegate" rights="none" pattern="*"/>{}</policymap>'


@pytest.fixture(scope="module")
def delegates(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The ``delegates.xml`` that the tool installs."""
    user = Magick(6, tmp_path_factory.mktemp("user"))
    installed = user.tool("plugin", "install", "imagemagick")
    assert installed.code == 0, installed.err
    return (user.settings / "delegates.xml").read_bytes()


@pytest.fixture(params=[6, pytest.param(7, marks=pytest.mark.slow)])
def magick(request: pytest.FixtureRequest, tmp_path: Path, delegates: bytes) -> Magick:
    """ImageMagick for a user who has installed the plug-in."""
    require(request.param)
    user = Magick(request.param, tmp_path)
    user.settings.mkdir(parents=True)
    (user.settings / "delegates.xml").write_bytes(delegates)
    return user


def noise(path: Path, channels: int = 3, dtype: type = np.uint8) -> Path:
    """A PNG of 20x12 random pixels."""
    most = np.iinfo(dtype).max
    pixels = np.random.default_rng(0).integers(0, most, (12, 20, channels), dtype, endpoint=True)
    assert cv2.imwrite(str(path), pixels)
    return path


def pixels(path: Path) -> npt.NDArray[np.generic]:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))


def enlarged(magick: Magick, source: Path) -> npt.NDArray[np.generic]:
    """``source`` as enlarged by the tool itself."""
    made = magick.folder / "expected.png"
    run = magick.tool("upscale", source.name, "-o", made.name, "--model", "espcn", "--no-record")
    assert run.code == 0, run.err
    return pixels(made)


def test_lists_every_network_under_its_own_prefix(magick: Magick) -> None:
    own = set(prefixes(find_models()))
    listed = magick.run(magick.convert, "-list", "delegate").out
    assert own <= {line.split()[0] for line in listed.splitlines() if "=>" in line}
    formats = magick.run(magick.convert, "-list", "format").out
    taken = {line.split()[0].rstrip("*").lower() for line in formats.splitlines() if line.strip()}
    assert "png" in taken
    assert not own & taken


@pytest.mark.parametrize(("channels", "dtype"), [(3, np.uint8), (4, np.uint16)])
def test_gives_the_same_pixels_as_the_tool(magick: Magick, channels: int, dtype: type) -> None:
    source = noise(magick.folder / "in.png", channels, dtype)
    # Without a kind, ImageMagick writes few 16-bit colours as an 8-bit palette.
    kind = "PNG64" if channels == 4 else "PNG24"
    run = magick.run(magick.convert, f"{PREFIX}:in.png", f"{kind}:out.png")
    assert (run.code, run.err) == (0, "")
    assert np.array_equal(pixels(magick.folder / "out.png"), enlarged(magick, source))
    assert list(magick.folder.glob(".sr-batch*")) == []


def test_works_wherever_an_input_is_allowed(magick: Magick) -> None:
    noise(magick.folder / "a.png")
    noise(magick.folder / "b.png")
    run = magick.run(magick.convert, f"{PREFIX}:a.png", "-resize", "50%", "half.jpg")
    assert (run.code, run.err) == (0, "")
    assert pixels(magick.folder / "half.jpg").shape == (12, 20, 3)
    (magick.folder / "out").mkdir()
    run = magick.run("mogrify", "-path", "out", "-format", "jpg", f"{PREFIX}:[ab].png")
    assert (run.code, run.err) == (0, "")
    assert {path.name for path in (magick.folder / "out").iterdir()} == {"a.jpg", "b.jpg"}
    assert pixels(magick.folder / "out" / "b.jpg").shape == (24, 40, 3)


def test_the_pipe_keeps_16_bit_and_alpha(magick: Magick) -> None:
    source = noise(magick.folder / "in.png", 4, np.uint16)
    convert = magick.convert
    pipe = f"{convert} in.png png:- | {TOOL} upscale - -o - --model espcn | {convert} png:-"
    run = magick.run("bash", "-o", "pipefail", "-c", f"{pipe} PNG64:out.png")
    assert run.code == 0, run.err
    assert np.array_equal(pixels(magick.folder / "out.png"), enlarged(magick, source))


NAMES = [
    b"it's \"5\" o'clock; touch pwned #.png",
    b"$(touch pwned)`touch pwned`.png",
    b"two\nlines|touch pwned.png",
    b"--existing overwrite.png",
    b"caf\xc3\xa9 \xff &amp; % o %%i.png",
]


def test_no_file_name_does_harm(magick: Magick) -> None:
    for name in NAMES:
        noise(magick.folder / "plain.png").rename(magick.folder / os.fsdecode(name))
    arguments = [f"{PREFIX}:".encode() + name for name in NAMES]
    run = magick.run(magick.convert, *arguments, "-append", "PNG24:all.png")
    assert run.code == 0, run.err
    assert pixels(magick.folder / "all.png").shape == (len(NAMES) * 24, 40, 3)
    known = {"settings", "all.png", *map(os.fsdecode, NAMES)}
    assert {path.name for path in magick.folder.iterdir()} == known


def test_a_damaged_picture_leaves_no_output(magick: Magick) -> None:
    (magick.folder / "bad.png").write_bytes(noise(magick.folder / "in.png").read_bytes()[:99])
    run = magick.run(magick.convert, f"{PREFIX}:bad.png", "out.png")
    assert run.code != 0
    assert f"{magick.folder}/bad.png): truncated or damaged png" in run.err
    assert not (magick.folder / "out.png").exists()


@pytest.mark.parametrize("last", ["exit 3", 'cp in.png "${!#}"; exit 3', "exit 0"])
def test_a_command_that_fails_leaves_no_output(magick: Magick, last: str) -> None:
    noise(magick.folder / "in.png")
    tool = magick.folder / "tool"
    tool.write_text(f"#!/bin/bash\necho broken network >&2\n{last}\n")
    tool.chmod(0o755)
    delegates = magick.settings / "delegates.xml"
    delegates.write_text(delegates.read_text().replace(str(TOOL), str(tool)))
    run = magick.run(magick.convert, f"{PREFIX}:in.png", "out.png")
    assert run.code != 0
    assert "broken network" in run.err
    assert not (magick.folder / "out.png").exists()


def test_status_prints_the_lines_that_a_policy_needs(magick: Magick) -> None:
    noise(magick.folder / "in.png")
    status = magick.tool("plugin", "status", "imagemagick")
    assert (status.code, "works" in status.out) == (0, True), status.out
    policy = magick.settings / "policy.xml"
    policy.write_text(FORBIDDEN.format(""))
    status = magick.tool("plugin", "status", "imagemagick")
    assert (status.code, "forbids delegates" in status.out) == (1, True), status.out
    needed = status.out[status.out.index("<policy ") :].strip()
    policy.write_text(FORBIDDEN.format(needed))
    assert magick.run(magick.convert, f"{PREFIX}:in.png", "out.png").code == 0
