"""GIMP 3: a plug-in folder in every profile of the user."""

import os
import shutil
import sys
from pathlib import Path

from sr_batch.core.errors import UsageError
from sr_batch.files.atomic_write import write_output
from sr_batch.integrations import user_folders
from sr_batch.integrations.file_plugin import missing_program
from sr_batch.integrations.installer import Condition
from sr_batch.integrations.package_paths import plugin_folder

_ENTRY = "sr-batch.py"  # GIMP runs the executable file that has the name of its folder
_PROGRAMS = ("gimp", "gimp-3", "gimp-3.0", "gimp-3.2", "gimp-console", "gimp-console-3.0")
_COMMAND_FILE = "command.txt"
_INSTALL_GIMP = "install GIMP 3 from your distribution or gimp.org"
_SANDBOXES = {
    "Flatpak": Path(".var/app/org.gimp.GIMP"),
    "Snap": Path("snap/gimp"),
}


class Gimp:
    """Installs into all existing profiles. GIMP creates a profile at its first start."""

    about = "Filters > Enhance > Super-resolution in GIMP 3"

    def install(self, tool: Path) -> list[str]:
        """Raises UsageError if no profile belongs to a GIMP that can run programs."""
        folders = _folders()
        if not folders:
            raise UsageError(_no_profile())
        for folder in folders:
            _remove(folder)
            for name, data in _files(tool).items():
                write_output(folder / name, data)
            (folder / _ENTRY).chmod(0o755)
        done = [f"installed {folder}" for folder in folders]
        next_step = "to use it: restart GIMP, Filters > Enhance > Super-resolution (sr-batch)"
        return [*done, *_sandboxed(), next_step]

    def uninstall(self) -> list[str]:
        found = [folder for folder in _folders() if (folder / _ENTRY).is_file()]
        for folder in found:
            _remove(folder)
        return [f"removed {folder}" for folder in found]

    def status(self) -> Condition:
        folders = tuple(_folders())
        found = [folder for folder in folders if (folder / _ENTRY).is_file()]
        if not found:
            return Condition("absent", folders, "; ".join(_sandboxed()) or self.about)
        faults = [fault for folder in found if (fault := _fault(folder))]
        if faults:
            return Condition("broken", folders, faults[0], "sr-batch plugin install gimp")
        if lacking := missing_program(_PROGRAMS):
            return Condition("broken", folders, *lacking)
        return Condition("works", folders, ", ".join(map(str, found)))


INSTALLER = Gimp()


def _folders() -> list[Path]:
    """The folder of the plug-in in each profile, whether or not it exists."""
    return [profile / "plug-ins" / Path(_ENTRY).stem for profile in _profiles()]


def _profiles() -> list[Path]:
    own = os.environ.get("GIMP3_DIRECTORY")
    if own:
        return [Path.home() / own]  # GIMP, too, takes a relative path from there
    return sorted(folder for folder in _home().glob("3.*") if folder.is_dir())


def _home() -> Path:
    """The folder that holds a profile for each version of GIMP."""
    if sys.platform == "win32":
        return Path(os.environ["APPDATA"], "GIMP")
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/GIMP"
    return user_folders.settings() / "GIMP"


def _files(tool: Path) -> dict[str, bytes]:
    """The files of the plug-in by name, for the command ``tool``."""
    scripts = {path.name: path.read_bytes() for path in plugin_folder("gimp").glob("*.py")}
    return scripts | {_COMMAND_FILE: os.fsencode(tool)}


def _remove(folder: Path) -> None:
    """Remove the plug-in from ``folder``, and the folder if it is then empty."""
    if not folder.is_dir():
        return
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    for name in _files(Path()):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _fault(folder: Path) -> str | None:
    """Why the plug-in in ``folder`` cannot work; None if it can."""
    record = folder / _COMMAND_FILE
    tool = Path(os.fsdecode(record.read_bytes())) if record.is_file() else folder / "sr-batch"
    if not os.access(tool, os.X_OK):
        return f"it runs {tool}, which does not exist or is not executable"
    for name, data in _files(tool).items():
        if not (folder / name).is_file() or (folder / name).read_bytes() != data:
            return f"{folder / name} is from another version of sr-batch"
    if not os.access(folder / _ENTRY, os.X_OK):
        return f"{folder / _ENTRY} is not executable, so GIMP ignores it"
    return None


def _sandboxed() -> list[str]:
    """A line for every installed GIMP that cannot run programs outside its sandbox."""
    return [
        f"the GIMP from {name} cannot run programs outside its sandbox: {_INSTALL_GIMP}"
        for name, place in _SANDBOXES.items()
        if (Path.home() / place).is_dir()
    ]


def _no_profile() -> str:
    if lines := _sandboxed():
        return lines[0]
    if any(_home().glob("2.*")):
        return f"{_home()} has only a profile of GIMP 2: {_INSTALL_GIMP}, and start it once"
    return f"{_home()} has no profile of GIMP 3: start GIMP once, or set GIMP3_DIRECTORY"
