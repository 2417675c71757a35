"""Installs into the profiles of GIMP, and uninstalls from them."""

import os
import shutil
from pathlib import Path

import pytest

from sr_batch.core.errors import UsageError
from sr_batch.integrations.gimp import INSTALLER
from sr_batch.integrations.package_paths import plugin_folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user who has started GIMP 3.0 and, earlier, 2.10."""
    for name in ("GIMP3_DIRECTORY", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    program = tmp_path / "bin/gimp"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    for version in ("2.10", "3.0"):
        (tmp_path / ".config/GIMP" / version).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    path = tmp_path / "sr-batch"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def plugin(home: Path, version: str = "3.0") -> Path:
    return home / ".config/GIMP" / version / "plug-ins/sr-batch"


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and permissions of every file below ``folder``."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode) for path in found
    }


def test_installs_all_scripts_and_the_path_of_the_tool(home: Path, tool: Path) -> None:
    INSTALLER.install(tool)
    scripts = {path.name for path in plugin_folder("gimp").glob("*.py")}
    assert {path.name for path in plugin(home).iterdir()} == scripts | {"command.txt"}
    assert (plugin(home) / "command.txt").read_text() == str(tool)
    assert os.access(plugin(home) / "sr-batch.py", os.X_OK)
    assert INSTALLER.status().state == "works"


def test_works_only_where_gimp_is_installed(
    home: Path, tool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    INSTALLER.install(tool)
    monkeypatch.setenv("PATH", str(home))
    status = INSTALLER.status()
    assert (status.state, status.fix) == ("broken", "install gimp")


def test_installs_into_every_profile_of_gimp_3(home: Path, tool: Path) -> None:
    (home / ".config/GIMP/3.2").mkdir()
    INSTALLER.install(tool)
    assert files(plugin(home)) == files(plugin(home, "3.2"))
    assert not (home / ".config/GIMP/2.10/plug-ins").exists()


def test_a_second_install_changes_nothing(home: Path, tool: Path) -> None:
    lines = INSTALLER.install(tool)
    before = files(home)
    assert INSTALLER.install(tool) == lines
    assert files(home) == before


def test_uninstalls_what_it_wrote_and_nothing_else(home: Path, tool: Path) -> None:
    before = files(home)
    INSTALLER.install(tool)
    (plugin(home) / "__pycache__").mkdir()
    assert INSTALLER.uninstall() == [f"removed {plugin(home)}"]
    assert files(home) == before
    assert not plugin(home).exists()
    assert INSTALLER.uninstall() == []


def test_leaves_a_file_of_the_user_in_its_folder(home: Path, tool: Path) -> None:
    INSTALLER.install(tool)
    (plugin(home) / "notes.txt").write_text("mine")
    INSTALLER.uninstall()
    assert [path.name for path in plugin(home).iterdir()] == ["notes.txt"]
    assert INSTALLER.status().state == "absent"


def test_obeys_gimp3_directory(
    home: Path, tool: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIMP3_DIRECTORY", "elsewhere")
    INSTALLER.install(tool)
    assert (tmp_path / "elsewhere/plug-ins/sr-batch/sr-batch.py").is_file()
    assert not plugin(home).exists()


def break_tool(folder: Path, tool: Path) -> None:
    tool.unlink()


def break_script(folder: Path, tool: Path) -> None:
    (folder / "tool.py").write_text("# of another version")


def break_mode(folder: Path, tool: Path) -> None:
    (folder / "sr-batch.py").chmod(0o644)


def break_record(folder: Path, tool: Path) -> None:
    (folder / "command.txt").unlink()


@pytest.mark.parametrize("harm", [break_tool, break_script, break_mode, break_record])
def test_status_finds_what_is_broken(home: Path, tool: Path, harm: object) -> None:
    assert INSTALLER.status().state == "absent"
    INSTALLER.install(tool)
    assert callable(harm)
    harm(plugin(home), tool)
    found = INSTALLER.status()
    assert (found.state, found.fix) == ("broken", "sr-batch plugin install gimp")


def test_without_a_profile_asks_to_start_gimp_once(home: Path, tool: Path) -> None:
    shutil.rmtree(home / ".config/GIMP/3.0")
    with pytest.raises(UsageError, match="only a profile of GIMP 2"):
        INSTALLER.install(tool)
    shutil.rmtree(home / ".config/GIMP/2.10")
    with pytest.raises(UsageError, match="start GIMP once"):
        INSTALLER.install(tool)


@pytest.mark.parametrize(
    ("name", "folder"), [("Flatpak", ".var/app/org.gimp.GIMP"), ("Snap", "snap/gimp")]
)
def test_reports_a_gimp_in_a_sandbox(home: Path, tool: Path, name: str, folder: str) -> None:
    (home / folder).mkdir(parents=True)
    assert any(f"GIMP from {name} cannot" in line for line in INSTALLER.install(tool))
    shutil.rmtree(home / ".config")
    with pytest.raises(UsageError, match=f"GIMP from {name} cannot"):
        INSTALLER.install(tool)
