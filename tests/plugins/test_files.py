"""What is put in place for desktops and darktable: valid, run as they run it, and taken away."""

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sr_batch.core.errors import UsageError
from sr_batch.integrations import INSTALLERS, installer, quoting
from sr_batch.integrations.files import FilePlugin
from sr_batch.integrations.shipped import own_command
from tests.cli.conftest import ENVIRONMENT, size_of

NAMES = [name for name, module in INSTALLERS.items() if module.startswith("files:")]
HOSTILE = """it's "my" $(touch pwned) `touch pwned` %F & <b> \\n é"""


def needs(program: str, package: str) -> str:
    """Its path. Fails in CI, and skips elsewhere, where there is none."""
    if found := shutil.which(program):
        return found
    assert not os.environ.get("CI"), f"{program} is missing: apt-get install {package}"
    pytest.skip(f"needs {program}: apt-get install {package}")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder whose name asks for trouble; the small network is the usual one."""
    folder = tmp_path / HOSTILE
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(folder / "system"))
    settings = folder / "config" / "sr-batch" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[upscale]\nmodel = "espcn"\n')
    return folder


@pytest.fixture
def tool(home: Path) -> Path:
    """The command, in a place with as bad a name."""
    path = home / "bin" / "sr-batch"
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sr_batch "$@"\n')
    path.chmod(0o755)
    return path


def picture(path: Path) -> Path:
    Image.effect_noise((20, 12), 50).convert("RGB").save(path, "PNG")
    return path


def run(
    command: Sequence[str | Path], folder: Path, **more: str
) -> subprocess.CompletedProcess[bytes]:
    environment = ENVIRONMENT | {"XDG_CONFIG_HOME": os.environ["XDG_CONFIG_HOME"], **more}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=120)


def pictures(folder: Path) -> list[Path]:
    """A folder of pictures with bad names."""
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


@pytest.mark.parametrize("name", NAMES)
def test_comes_and_goes(name: str, home: Path) -> None:
    before = sorted(path for path in home.rglob("*") if path.is_file())
    plugin = installer(name)
    assert plugin.status().state == "absent"
    plugin.install(own_command())
    assert plugin.status().state == "works"
    plugin.install(own_command())
    places = plugin.status().where
    assert all(path.is_file() and path.is_relative_to(home) for path in places)
    places[0].write_bytes(places[0].read_bytes() + b"\n")
    status = plugin.status()
    assert (status.state, status.fix) == ("broken", f"sr-batch plugin install {name}")
    assert len(plugin.uninstall()) == len(places)
    assert plugin.status().state == "absent"
    assert plugin.uninstall() == []
    left = sorted(path for path in home.rglob("*") if path.is_file())
    assert [path for path in left if path.name != "mimeinfo.cache"] == before


@pytest.mark.parametrize("name", NAMES)
def test_leaves_files_of_others_alone(name: str, home: Path) -> None:
    plugin = installer(name)
    file = plugin.status().where[0]
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(UsageError, match="somebody else's"):
        plugin.install(own_command())
    assert plugin.status().state == "absent"
    assert plugin.uninstall() == []
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", ["dolphin", "nautilus", "nemo", "openwith", "thunar"])
def test_scripts_enlarge_what_they_are_given(name: str, home: Path, tool: Path) -> None:
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
def test_scripts_read_the_variable_where_nothing_is_given(
    manager: str, home: Path, tool: Path
) -> None:
    plugin = installer(manager.lower())
    assert isinstance(plugin, FilePlugin)
    plugin.install(tool)
    files = pictures(home / "photos")[:2]
    named = "".join(f"{file}\n" for file in files)
    selected = {f"{manager}_SCRIPT_SELECTED_FILE_PATHS": named}
    done = run([scripts(plugin, tool)[0]], home, **selected)
    assert done.returncode == 0, done.stderr
    require_enlarged(files, 2)


def test_a_failure_is_told(home: Path, tool: Path) -> None:
    plugin = installer("nautilus")
    assert isinstance(plugin, FilePlugin)
    plugin.install(tool)
    bad = home / "bad & <b>.png"
    bad.write_bytes(b"no picture")
    teller = home / "bin" / "notify-send"
    teller.write_text('#!/bin/sh\nprintf "%s|" "$@" > told\n')
    teller.chmod(0o755)
    path = f"{teller.parent}{os.pathsep}{os.environ['PATH']}"
    assert run([scripts(plugin, tool)[0], bad], home, PATH=path).returncode == 3
    told = (home / "told").read_text()
    assert told.startswith("--app-name=sr-batch|--|sr-batch|")
    assert "bad &amp; &lt;b>.png" in told


def test_desktop_files_are_valid(home: Path, tool: Path) -> None:
    check = needs("desktop-file-validate", "desktop-file-utils")
    for name in ("openwith", "dolphin"):
        installer(name).install(tool)
    (opener,) = (home / "data" / "applications").glob("*.desktop")
    assert run([check, opener], home).stdout == b""
    (menu,) = (home / "data" / "kio" / "servicemenus").glob("*.desktop")
    assert os.access(menu, os.X_OK)  # or Dolphin does not trust it
    # Desktops in general know neither types nor actions of a service, Dolphin's menus have both.
    like = home / "like.desktop"
    like.write_text(menu.read_text().replace("Type=Service", "Type=Application\nExec=true"))
    assert run([check, like], home).stdout == b""


def test_a_desktop_opens_pictures_with_it(home: Path, tool: Path) -> None:
    gio = needs("gio", "libglib2.0-bin")
    installer("openwith").install(tool)
    files = pictures(home / "photos")
    (entry,) = (home / "data" / "applications").glob("*.desktop")
    # It does not wait for what it launches, but for the pipe that this inherits.
    done = run([gio, "launch", entry, *files], home)
    assert done.returncode == 0, done.stderr
    require_enlarged(files, 2)


def test_nemo_finds_its_commands(home: Path, tool: Path) -> None:
    installer("nemo").install(tool)
    folder = home / "data" / "nemo" / "actions"
    for path in folder.glob("*.nemo_action"):
        parser = configparser.RawConfigParser()
        parser.read(path)
        (command,) = re.findall(r"<(\S+) %F>", parser["Nemo Action"]["Exec"])
        assert os.access(folder / command, os.X_OK)
        assert "image/png" in parser["Nemo Action"]["Mimetypes"].split(";")


def test_thunar_runs_its_commands(home: Path, tool: Path) -> None:
    installer("thunar").install(tool)
    files = pictures(home / "photos")
    root = ElementTree.parse(home / "config" / "Thunar" / "uca.xml").getroot()
    command = root.findtext("action/command")
    assert command is not None
    words = [quoted.replace("%%", "%") for quoted in shlex.split(command.removesuffix(" %F"))]
    assert run([*words, *files], home).returncode == 0
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


MINE = "<action><name>é</name><unique-id>17-1</unique-id></action>"
THEIRS = [
    ("thunar", "Thunar/uca.xml", f'<?xml version="1.0"?>\r\n<actions>{MINE}</actions>'),
    ("thunar", "Thunar/uca.xml", f"<actions>\n{MINE}\n\t{MINE}\n</actions>\n<!-- end -->\n"),
    ("darktable", "darktable/luarc", 'require "mine"'),
    ("darktable", "darktable/luarc", 'require "mine"\n\n'),
    ("darktable", "darktable/luarc", ""),
]


@pytest.mark.parametrize(("name", "place", "theirs"), THEIRS)
def test_gives_a_shared_file_back_as_it_was(
    name: str, place: str, theirs: str, home: Path, tool: Path
) -> None:
    file = home / "config" / place
    file.parent.mkdir()
    file.write_bytes(theirs.encode())
    for _ in range(2):
        installer(name).install(tool)
    assert file.read_text().count("sr-batch plugin install") == (2 if name == "thunar" else 1)
    installer(name).uninstall()
    assert file.read_bytes() == theirs.encode()


def test_thunars_own_mistakes_stay(home: Path, tool: Path) -> None:
    file = home / "config" / "Thunar" / "uca.xml"
    file.parent.mkdir()
    file.write_text("<actions><action></actions>")
    with pytest.raises(UsageError, match="no XML"):
        installer("thunar").install(tool)
    assert file.read_text() == "<actions><action></actions>"


DARKTABLE = """
local storage
local dt = { configuration = { running_os = "linux" }, control = {}, database = {} }
dt.new_widget = function() return function(made) made.value = made[1]; return made end end
dt.print = function(text) print("said: " .. text) end
dt.control.execute = function(command) local _, _, code = os.execute(command); return code end
dt.database.import = function(path) print("imported: " .. path:match("[^/]*$")) end
dt.register_storage = function(...) storage = { ... } end
package.preload["darktable"] = function() return dt end
package.path = arg[1] .. "/lua/?.lua"
dofile(arg[1] .. "/luarc")
local extra = {}
storage[6](nil, nil, {}, false, extra)
storage[3](nil, { path = arg[2] }, nil, arg[3], 1, 1, false, extra)
"""


def test_darktable_enlarges_what_it_exports(home: Path, tool: Path) -> None:
    """In the Lua that darktable has, with what of darktable the script calls."""
    lua, luac = needs("lua5.4", "lua5.4"), needs("luac5.4", "lua5.4")
    installer("darktable").install(tool)
    settings, photos = home / "config" / "darktable", home / "photos"
    for file in (settings / "luarc", settings / "lua" / "sr-batch.lua"):
        assert run([luac, "-p", file], home).returncode == 0
    photos.mkdir()
    (home / "host.lua").write_text(DARKTABLE)
    for made in ("a'$(touch pwned)_x2.png", "a'$(touch pwned)_x2_1.png"):
        exported = picture(home / "a'$(touch pwned).png")
        done = run([lua, "host.lua", settings, photos, exported], home)
        assert f"imported: {made}".encode() in done.stdout, done.stdout + done.stderr
        assert size_of(photos / made) == (40, 24)
        assert not exported.exists()
    (home / "bad.png").write_bytes(b"no picture")
    done = run([lua, "host.lua", settings, photos, home / "bad.png"], home)
    assert b"was not made" in done.stdout
    assert len(list(photos.iterdir())) == 2
    assert not list(home.rglob("pwned"))


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_lua_strings_say_what_they_are_of(text: str) -> None:
    said = quoting.lua(text)
    assert said.isascii()
    assert "\n" not in said
    numbers = re.sub(r"\\(\d{3})", lambda code: chr(int(code[1])), said[1:-1])
    assert numbers.encode("latin-1") == text.encode()


def test_status_is_machine_readable(home: Path) -> None:
    done = run([sys.executable, "-m", "sr_batch", "plugin", "status", "--json"], home)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["name"] for record in records] == list(INSTALLERS)
    assert {"name", "state", "where", "detail", "fix"} == set(records[0])


def test_an_unknown_name_is_one_line() -> None:
    with pytest.raises(UsageError, match="did you mean nautilus"):
        installer("nautlius")
