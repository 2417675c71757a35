"""The actions in file managers: valid files, run as the file managers run them."""

import configparser
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sr_batch.core.errors import UsageError
from sr_batch.integrations import installer
from sr_batch.integrations.file_plugin import FilePlugin
from tests.cli.conftest import size_of
from tests.integrations.conftest import HOSTILE, needs, picture, run


def pictures(folder: Path) -> list[Path]:
    """A folder of pictures with hostile names."""
    folder.mkdir()
    names = [HOSTILE.replace("/", "") + ".png", "-o.png", "two\nlines;touch pwned.png"]
    return [picture(folder / name) for name in names]


def require_enlarged(files: Sequence[Path], scale: int) -> None:
    for file in files:
        made = file.with_name(f"{file.stem}_x{scale}_espcn.png")
        assert size_of(made) == (20 * scale, 12 * scale)
    assert not list(files[0].parents[1].rglob("pwned"))


def scripts(content: FilePlugin, tool: Path) -> list[Path]:
    return [
        path for path, data in content.content(tool).files.items() if data.startswith(b"#!/bin")
    ]


@pytest.mark.parametrize("name", ["dolphin", "nautilus", "nemo", "openwith", "thunar"])
def test_scripts_enlarge_their_arguments(name: str, home: Path, tool: Path) -> None:
    plugin = installer(name)
    assert isinstance(plugin, FilePlugin)
    plugin.install(tool)
    two, four = scripts(plugin, tool)
    files = pictures(home / "photos")
    done = run([two, *files], home)
    assert done.returncode == 0, done.stderr
    assert b"3 done" in done.stderr
    require_enlarged(files, 2)
    assert run([four, files[1].name], home / "photos").returncode == 0
    require_enlarged(files[1:2], 4)


@pytest.mark.parametrize("manager", ["NAUTILUS", "NEMO"])
def test_scripts_without_arguments_read_the_variable(manager: str, home: Path, tool: Path) -> None:
    plugin = installer(manager.lower())
    assert isinstance(plugin, FilePlugin)
    plugin.install(tool)
    files = pictures(home / "photos")[:2]
    named = "".join(f"{file}\n" for file in files)
    selected = {f"{manager}_SCRIPT_SELECTED_FILE_PATHS": named}
    done = run([scripts(plugin, tool)[0]], home, **selected)
    assert done.returncode == 0, done.stderr
    require_enlarged(files, 2)


def test_a_failure_is_shown_in_a_notification(home: Path, tool: Path) -> None:
    plugin = installer("nautilus")
    assert isinstance(plugin, FilePlugin)
    plugin.install(tool)
    bad = home / "bad & <b>.png"
    bad.write_bytes(b"not an image")
    notifier = home / "bin" / "notify-send"
    notifier.write_text('#!/bin/sh\nprintf "%s|" "$@" > shown\n')
    notifier.chmod(0o755)
    path = f"{notifier.parent}{os.pathsep}{os.environ['PATH']}"
    assert run([scripts(plugin, tool)[0], bad], home, PATH=path).returncode == 3
    shown = (home / "shown").read_text()
    assert shown.startswith("--app-name=sr-batch|--|sr-batch|")
    assert "bad &amp; &lt;b>.png" in shown


def test_desktop_files_are_valid(home: Path, tool: Path) -> None:
    check = needs("desktop-file-validate", "desktop-file-utils")
    for name in ("openwith", "dolphin"):
        installer(name).install(tool)
    (opener,) = (home / "data" / "applications").glob("*.desktop")
    assert run([check, opener], home).stdout == b""
    (menu,) = (home / "data" / "kio" / "servicemenus").glob("*.desktop")
    assert os.access(menu, os.X_OK)  # otherwise Dolphin does not trust it
    # The validator knows no MIME types and actions in a Service; Dolphin's menus have both.
    variant = home / "variant.desktop"
    variant.write_text(menu.read_text().replace("Type=Service", "Type=Application\nExec=true"))
    assert run([check, variant], home).stdout == b""


def test_a_desktop_can_open_pictures_with_it(home: Path, tool: Path) -> None:
    gio = needs("gio", "libglib2.0-bin")
    installer("openwith").install(tool)
    files = pictures(home / "photos")
    (entry,) = (home / "data" / "applications").glob("*.desktop")
    # gio does not wait for the program, but run() waits for the pipe that the program inherits.
    done = run([gio, "launch", entry, *files], home)
    assert done.returncode == 0, done.stderr
    require_enlarged(files, 2)


def test_nemo_finds_the_scripts(home: Path, tool: Path) -> None:
    installer("nemo").install(tool)
    folder = home / "data" / "nemo" / "actions"
    for path in folder.glob("*.nemo_action"):
        parser = configparser.RawConfigParser()
        parser.read(path)
        (command,) = re.findall(r"<(\S+) %F>", parser["Nemo Action"]["Exec"])
        assert os.access(folder / command, os.X_OK)
        assert "image/png" in parser["Nemo Action"]["Mimetypes"].split(";")


def test_thunar_runs_the_scripts(home: Path, tool: Path) -> None:
    installer("thunar").install(tool)
    files = pictures(home / "photos")
    root = ElementTree.parse(home / "config" / "Thunar" / "uca.xml").getroot()
    command = root.findtext("action/command")
    assert command is not None
    program = [quoted.replace("%%", "%") for quoted in shlex.split(command.removesuffix(" %F"))]
    assert run([*program, *files], home).returncode == 0
    require_enlarged(files, 2)


def test_thunar_keeps_the_actions_of_the_system(home: Path, tool: Path) -> None:
    theirs = "<actions><action><name>Open Terminal Here</name></action></actions>"
    system = home / "system" / "Thunar" / "uca.xml"
    system.parent.mkdir(parents=True)
    system.write_text(theirs)
    installer("thunar").install(tool)
    own = home / "config" / "Thunar" / "uca.xml"
    names = [each.findtext("name") for each in ElementTree.parse(own).getroot()]
    assert names == ["Open Terminal Here", "Enlarge 2x (sr-batch)", "Enlarge 4x (sr-batch)"]
    installer("thunar").uninstall()
    assert not own.exists()


def test_leaves_an_invalid_file_of_thunar_alone(home: Path, tool: Path) -> None:
    file = home / "config" / "Thunar" / "uca.xml"
    file.parent.mkdir()
    file.write_text("<actions><action></actions>")
    with pytest.raises(UsageError, match="not valid XML"):
        installer("thunar").install(tool)
    assert file.read_text() == "<actions><action></actions>"
