"""GIMP 3: a folder of its own in the plug-ins of every profile."""

import os
import shutil
import sys
from pathlib import Path

from sr_batch.core.errors import UsageError
from sr_batch.files.atomic_write import write_output
from sr_batch.integrations import folders as places
from sr_batch.integrations.installer import Condition
from sr_batch.integrations.shipped import shipped

_ENTRY = "sr-batch.py"  # GIMP starts the file that is called as its folder, if it may be run
_RECORD = "command.txt"
_OTHER = "install GIMP 3 from your distribution or gimp.org"
_SANDBOXES = {
    "Flatpak": Path(".var/app/org.gimp.GIMP"),
    "Snap": Path("snap/gimp"),
}


class Gimp:
    """Installs into the profiles that there are: GIMP makes one when it is first started."""

    about = "Filters > Enhance > Super-resolution in GIMP 3"

    def install(self, tool: Path) -> list[str]:
        """Raises as the protocol says: there is no profile of a GIMP that can run programs."""
        folders = _folders()
        if not folders:
            raise UsageError(_no_profile())
        for folder in folders:
            _remove(folder)
            for name, data in _files(tool).items():
                write_output(folder / name, data)
            (folder / _ENTRY).chmod(0o755)
        done = [f"installed {folder}" for folder in folders]
        next_step = "start GIMP anew: Filters > Enhance > Super-resolution (sr-batch)"
        return [*done, *_closed_off(), next_step]

    def uninstall(self) -> list[str]:
        found = [folder for folder in _folders() if (folder / _ENTRY).is_file()]
        for folder in found:
            _remove(folder)
        return [f"removed {folder}" for folder in found]

    def status(self) -> Condition:
        folders = tuple(_folders())
        found = [folder for folder in folders if (folder / _ENTRY).is_file()]
        if not found:
            return Condition("absent", folders, "; ".join(_closed_off()) or self.about)
        faults = [fault for folder in found if (fault := _fault(folder))]
        if faults:
            return Condition("broken", folders, faults[0], "sr-batch plugin install gimp")
        return Condition("works", folders, ", ".join(map(str, found)))


INSTALLER = Gimp()


def _folders() -> list[Path]:
    """Where the plug-in stands or would stand: one folder in each profile."""
    return [profile / "plug-ins" / Path(_ENTRY).stem for profile in _profiles()]


def _profiles() -> list[Path]:
    own = os.environ.get("GIMP3_DIRECTORY")
    if own:
        return [Path.home() / own]  # GIMP, too, looks for a relative one there
    return sorted(folder for folder in _home().glob("3.*") if folder.is_dir())


def _home() -> Path:
    """Where GIMP keeps the profiles of its versions."""
    if sys.platform == "win32":
        return Path(os.environ["APPDATA"], "GIMP")
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/GIMP"
    return places.settings() / "GIMP"


def _files(tool: Path) -> dict[str, bytes]:
    """What belongs into the folder, by name."""
    scripts = {path.name: path.read_bytes() for path in shipped("gimp").glob("*.py")}
    return scripts | {_RECORD: os.fsencode(tool)}


def _remove(folder: Path) -> None:
    """Remove what is ours from ``folder``, and the folder if nothing else is in it."""
    if not folder.is_dir():
        return
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    for name in _files(Path()):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _fault(folder: Path) -> str | None:
    """Why the plug-in in ``folder`` cannot work; None if it can."""
    record = folder / _RECORD
    tool = Path(os.fsdecode(record.read_bytes())) if record.is_file() else folder / "sr-batch"
    if not os.access(tool, os.X_OK):
        return f"{tool}, which it shall run, is not there"
    for name, data in _files(tool).items():
        if not (folder / name).is_file() or (folder / name).read_bytes() != data:
            return f"{folder / name} is not that of this sr-batch"
    if not os.access(folder / _ENTRY, os.X_OK):
        return f"{folder / _ENTRY} may not be run, so GIMP passes over it"
    return None


def _closed_off() -> list[str]:
    """A line for every GIMP here that cannot reach programs outside of its sandbox."""
    return [
        f"the GIMP from {name} cannot run programs outside of its sandbox: {_OTHER}"
        for name, place in _SANDBOXES.items()
        if (Path.home() / place).is_dir()
    ]


def _no_profile() -> str:
    if closed := _closed_off():
        return closed[0]
    if any(_home().glob("2.*")):
        return f"there is a profile of GIMP 2 alone in {_home()}: {_OTHER}, and start it once"
    return f"there is no profile of GIMP 3 in {_home()}: start GIMP once, or set GIMP3_DIRECTORY"
