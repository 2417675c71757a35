"""Defaults from a settings file, and how much is printed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from sr_batch.cli import app
from sr_batch.cli.command_options import UPSCALE_TABLE, WATCH_TABLE, WatchedFolder
from sr_batch.cli.config import pairs_in
from sr_batch.core.option import Option, options_of
from sr_batch.core.options import UpscaleOptions
from tests.cli.conftest import ENVIRONMENT, Photo, Tool, size_of
from tests.core.samples import sample


def test_takes_defaults_from_a_named_file(tool: Tool, photo: Photo, tmp_path: Path) -> None:
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


def test_takes_defaults_from_the_file_of_the_user(
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
        ("[upscale]\nlong-egde = 5", "unknown option long-egde: did you mean long-edge?"),
        ("[upscal]\nscale = 5", "upscal is not one of the tables [upscale]"),
        ("scale = 5", "scale is not one of the tables [upscale]"),
        ("[upscale", "my.toml: not valid TOML: "),
        (
            "[upscale]\nscale = 500",
            "my.toml: [upscale] scale = 500: must be above 0 and at most 64",
        ),
        ('[upscale]\nscale = "x"', "my.toml: [upscale] scale = x: must be a number, above 0"),
        ("[upscale]\nscale = [1]", "my.toml: [upscale] scale = [1]: must be a number, above 0"),
        ('[upscale]\nmode = "rbg"', "my.toml: [upscale] mode = rbg: must be one of auto, rgb, y"),
        ("[upscale]\nverify = 5", "my.toml: [upscale] verify = 5: must be true or false"),
        ("[upscale]\nmodel = 5", "my.toml: [upscale] model = 5: must be text in quotes"),
        ('[upscale]\ninclude = "*.jpg"', "include = *.jpg: must be a list of texts in quotes"),
        ("[upscale]\ninputs = 5", "unknown option inputs"),
    ],
)
def test_reports_a_mistake_in_the_file_in_one_line(
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
        ("", "my.toml contains no [[pair]]"),
        ("[[pair]]\nserve = 0", "serve applies to all pairs: move it to [watch]"),
        ("[[pair]]\nfolde = 'in'", "unknown option folde"),
        ("[[pair]]\noutput = 'out'", "a [[pair]] has no folder to watch"),
        ("[[pair]]\nfolder = 'in'", "no output folder"),
    ],
)
def test_reports_a_mistake_in_a_pair_in_one_line(
    content: str, message: str, tool: Tool, tmp_path: Path
) -> None:
    (tmp_path / "my.toml").write_text(content)
    run = tool("watch", "--config", "my.toml")
    assert run.code == 2
    assert message in run.err
    assert run.err.count("\n") == 1


def test_reports_a_missing_file(tool: Tool, photo: Photo) -> None:
    photo("a.png")
    run = tool("upscale", "a.png", "--config", "none.toml")
    assert run.code == 2
    assert "none.toml: cannot be read: No such file" in run.err


def test_quiet_prints_only_failures(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("in/a.png", mode="RGB")
    assert tool("upscale", "in", "--model", "espcn", "-q").err == ""
    (tmp_path / "in/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    run = tool("upscale", "in", "--model", "espcn", "-q")
    assert run.code == 3
    (line,) = run.err.splitlines()
    assert line.startswith("failed: in/broken.png")


def test_verbose_prints_a_line_for_every_input(tool: Tool, photo: Photo) -> None:
    photo("in/a.png")
    first = tool("upscale", "in", "--model", "espcn", "-v").err
    assert "in/a.png -> in_sr/a.png: 24x16 -> 48x32 in " in first
    assert (
        "in/a.png -> in_sr/a.png: already done"
        in tool("upscale", "in", "--model", "espcn", "-v").err
    )


def test_completes_in_the_shell() -> None:
    # Completion is for the shell that is the nearest parent process, so ask from a bash.
    command = ["bash", "-c", '"$0" -m sr_batch --show-completion; exit $?', sys.executable]
    run = subprocess.run(command, env=ENVIRONMENT, capture_output=True, timeout=60)
    assert run.returncode == 0
    assert b"complete" in run.stdout


def plain(value: object) -> object:
    """As TOML has it."""
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def params_of(command: str, *arguments: str) -> tuple[typer.Context, dict[str, Any]]:
    """The parsed values of a command line."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    context = commands[command].make_context(command, list(arguments))
    return context, context.params


def written(table: str, settings: dict[str, Any], file: Path) -> Path:
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    file.write_text(f"{table}\n{''.join(lines)}")
    return file


@pytest.mark.parametrize(("command", "table"), [("upscale", UPSCALE_TABLE), ("watch", WATCH_TABLE)])
def test_the_file_sets_every_option(
    command: str, table: tuple[Option, ...], tmp_path: Path
) -> None:
    settings = {option.key: sample(option) for option in table if option.name != "config"}
    file = written(f"[{command}]", settings, tmp_path / "all.toml")
    _, params = params_of(command, "--config", str(file), "photo.jpg")
    assert {o.key: plain(params[o.name]) for o in table if o.name != "config"} == settings


def test_a_pair_sets_every_option_of_its_own(tmp_path: Path) -> None:
    options = [*options_of(WatchedFolder), *options_of(UpscaleOptions)]
    options = [option.in_watch() for option in options if not option.upscale_only]
    settings = {option.key: sample(option) for option in options}
    file = written("[[pair]]", settings | {"folder": "in"}, tmp_path / "pair.toml")
    context, _ = params_of("watch", "--config", str(file))
    (line,) = pairs_in(context, file)
    _, params = params_of("watch", *line)
    assert {option.key: plain(params[option.name]) for option in options} == settings
    assert str(params["folder"]) == "in"


@pytest.mark.parametrize("command", ["upscale", "watch"])
def test_the_command_line_has_precedence(command: str, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text(f"[{command}]\nquality = 50\ninclude = ['a']\nverify = true\ntile = 64\n")
    said = ("--quality", "60", "--include", "b", "--no-verify", "--tile", "auto")
    _, params = params_of(command, "--config", str(file), *said, "photo.jpg")
    assert [params[name] for name in ("quality", "verify", "tile")] == [60, False, None]
    assert list(params["include"]) == ["b"]
