"""Every plug-in that consists of files: install, status and uninstall."""

import json
import sys
from pathlib import Path

import pytest

from sr_batch.core.errors import UsageError
from sr_batch.integrations import INSTALLERS, installer
from sr_batch.integrations.package_paths import own_command
from tests.integrations.conftest import run

NAMES = [name for name in INSTALLERS if name not in ("gimp", "imagemagick")]
MINE = "<action><name>é</name><unique-id>17-1</unique-id></action>"
THEIRS = [
    ("thunar", "Thunar/uca.xml", f'<?xml version="1.0"?>\r\n<actions>{MINE}</actions>'),
    ("thunar", "Thunar/uca.xml", f"<actions>\n{MINE}\n\t{MINE}\n</actions>\n<!-- end -->\n"),
    ("darktable", "darktable/luarc", 'require "mine"'),
    ("darktable", "darktable/luarc", 'require "mine"\n\n'),
    ("darktable", "darktable/luarc", ""),
]


@pytest.fixture
def programs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All programs that plug-ins are for, and no others."""
    for name in NAMES:
        (home / "programs").mkdir(exist_ok=True)
        program = home / "programs" / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(home / "programs"))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "openwith"])
def test_works_only_where_the_program_is_there(
    name: str, home: Path, programs: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = installer(name)
    plugin.install(own_command())
    assert plugin.status().state == "works"
    monkeypatch.setenv("PATH", str(home))
    status = plugin.status()
    assert (status.state, status.fix) == ("broken", f"install {name}")
    assert f"{name} is not installed" in status.detail


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("name", NAMES)
def test_installs_reports_and_uninstalls(name: str, home: Path) -> None:
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
def test_leaves_files_of_the_user_alone(name: str, home: Path) -> None:
    plugin = installer(name)
    file = plugin.status().where[0]
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(UsageError, match="was not made by sr-batch"):
        plugin.install(own_command())
    assert plugin.status().state == "absent"
    assert plugin.uninstall() == []
    assert file.read_text() == "mine"


@pytest.mark.parametrize(("name", "place", "theirs"), THEIRS)
def test_uninstall_restores_a_file_of_the_user(
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


def test_status_prints_json(home: Path) -> None:
    done = run([sys.executable, "-m", "sr_batch", "plugin", "status", "--json"], home)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["name"] for record in records] == list(INSTALLERS)
    assert {"name", "state", "where", "detail", "fix"} == set(records[0])


def test_an_unknown_name_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean nautilus"):
        installer("nautlius")
