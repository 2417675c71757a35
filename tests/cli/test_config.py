"""Defaults from a file, and how much is said."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from sr_batch.cli import app
from tests.cli.conftest import ENVIRONMENT, Photo, Tool, size_of


def test_takes_defaults_from_the_file_that_is_named(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    photo("in/a.png")
    photo("in/b.jpg")
    photo("in/web/c.png")
    (tmp_path / "my.toml").write_text(
        '[upscale]\nmodel = "espcn"\nscale = 3\nformat = "png"\nexclude = ["web"]\n'
        'name = "{stem}-{width}"\nrecursive = true\ntile = 64\nmax-pixels = 100000\n'
    )
    run = tool("upscale", "in", "--config", "my.toml", "--json")
    assert run.code == 0, run.err
    assert {result["output"] for result in run.results} == {"in_sr/a-72.png", "in_sr/b-72.png"}
    assert {result["model"] for result in run.results} == {"espcn"}
    again = tool("upscale", "in", "--scale", "2", "--config", "my.toml", "-o", "two")
    assert again.code == 0
    assert size_of(tmp_path / "two/a-48.png") == (48, 32)


def test_takes_defaults_from_the_users_own_file(
    tool: Tool, photo: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo("a.png")
    folder = tmp_path / "settings" / "sr-batch"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[upscale]\nmodel = "espcn"\noutput = "made.png"\n')
    monkeypatch.setitem(ENVIRONMENT, "XDG_CONFIG_HOME", str(folder.parent))
    assert tool("upscale", "a.png").code == 0
    assert size_of(tmp_path / "made.png") == (48, 32)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[upscale]\nlong-egde = 5", "there is no option long-egde: did you mean long-edge?"),
        ("[upscal]\nscale = 5", "upscal is not one of the tables [upscale]"),
        ("scale = 5", "scale is not one of the tables [upscale]"),
        ("[upscale", "my.toml: no TOML: "),
        ("[upscale]\nscale = 500", "--scale 500.0: allowed is above 0, at most 64"),
        ('[upscale]\nscale = "much"', "--scale much: allowed is"),
        ('[upscale]\nmode = "rbg"', "mode"),
        ("[upscale]\ninputs = 5", "there is no option inputs"),
    ],
)
def test_mistakes_in_the_file_are_one_line(
    content: str, message: str, tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    photo("a.png")
    (tmp_path / "my.toml").write_text(content)
    run = tool("upscale", "a.png", "--config", "my.toml")
    assert run.code == 2
    assert message in run.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "my.toml: there is no [[pair]] in it"),
        ("[[pair]]\nserve = 0", "serve counts for all pairs: write it under [watch]"),
        ("[[pair]]\nfolde = 'in'", "there is no option folde"),
        ("[[pair]]\noutput = 'out'", "a [[pair]] has no folder to watch"),
        ("[[pair]]\nfolder = 'in'", "the folder for the outputs is missing"),
    ],
)
def test_mistakes_in_pairs_are_one_line(
    content: str, message: str, tool: Tool, tmp_path: Path
) -> None:
    (tmp_path / "my.toml").write_text(content)
    run = tool("watch", "--config", "my.toml")
    assert run.code == 2
    assert message in run.err
    assert run.err.count("\n") == 1


def test_a_file_that_is_not_there_is_said(tool: Tool, photo: Photo) -> None:
    photo("a.png")
    run = tool("upscale", "a.png", "--config", "none.toml")
    assert run.code == 2
    assert "none.toml: cannot be read: No such file" in run.err


def test_quiet_says_only_what_went_wrong(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("in/a.png", mode="RGB")
    assert tool("upscale", "in", "--model", "espcn", "-q").err == ""
    (tmp_path / "in/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    run = tool("upscale", "in", "--model", "espcn", "-q")
    assert run.code == 3
    (line,) = run.err.splitlines()
    assert line.startswith("failed: in/broken.png")


def test_verbose_says_what_was_done_with_every_input(tool: Tool, photo: Photo) -> None:
    photo("in/a.png")
    first = tool("upscale", "in", "--model", "espcn", "-v").err
    assert "in/a.png -> in_sr/a.png: 24x16 -> 48x32 in " in first
    assert (
        "in/a.png -> in_sr/a.png: already done"
        in tool("upscale", "in", "--model", "espcn", "-v").err
    )


def test_completes_in_the_shell() -> None:
    # The shell that asks is the nearest one above, whichever runs the tests.
    command = ["bash", "-c", '"$0" -m sr_batch --show-completion; exit $?', sys.executable]
    run = subprocess.run(command, env=ENVIRONMENT, capture_output=True, timeout=60)
    assert run.returncode == 0
    assert b"complete" in run.stdout


SETTINGS = {
    "output": "there",
    "model": "espcn",
    "scale": 3,
    "width": 640,
    "height": 480,
    "long-edge": 1000,
    "short-edge": 900,
    "megapixels": 2.5,
    "only-if-smaller": True,
    "mode": "y",
    "tile": 64,
    "overlap": 7,
    "device": "cpu",
    "precision": "fp16",
    "self-ensemble": True,
    "color-lock": True,
    "format": "png",
    "quality": 80,
    "png-effort": "small",
    "metadata": "no-gps",
    "max-pixels": 1000,
    "name": "{stem}{ext}",
    "include": ["*.jpg"],
    "exclude": ["web", "*.bmp"],
    "existing": "skip",
    "record": False,
    "verify": True,
    "isolate": True,
    "jobs": 3,
    "recursive": False,
    "dry-run": True,
    "quiet": True,
    "verbose": True,
    "json": True,
    "progress": True,
}


WATCH_SETTINGS: dict[str, Any] = {
    k: v for k, v in SETTINGS.items() if k not in ("dry-run", "record", "progress")
} | {
    "settle": 3.5,
    "rescan": 60.0,
    "poll": True,
    "after": "move",
    "idle": 5.0,
    "serve": 9100,
    "notify": ["json://127.0.0.1", "mailto://a:b@example.com"],
}


@pytest.mark.parametrize(
    ("command", "settings", "arguments"),
    [("upscale", SETTINGS, {"inputs"}), ("watch", WATCH_SETTINGS, {"folder"})],
)
def test_every_option_can_be_set_in_the_file(
    command: str, settings: dict[str, Any], arguments: set[str], tmp_path: Path
) -> None:
    """An option that is added without a line above fails here."""
    chosen = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    file = tmp_path / "all.toml"
    file.write_text(
        f"[{command}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in settings.items())
    )
    said = chosen.make_context(command, ["--config", str(file), "photo.jpg"]).params
    names = {max(p.opts, key=len).removeprefix("--"): p.name for p in chosen.params}
    assert set(names) - arguments - {"config"} == set(settings)
    for key, value in settings.items():
        expected = str(value) if key in ("tile", "overlap") else value
        assert plain(said[names[key]]) == expected, key


def plain(value: object) -> object:
    """As TOML has it."""
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
