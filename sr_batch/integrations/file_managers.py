"""File managers: actions that enlarge the selected images."""

import re
from pathlib import Path
from xml.etree import ElementTree

from sr_batch.codec.formats import FORMATS
from sr_batch.integrations import quoting, user_folders
from sr_batch.integrations.file_plugin import Content, FilePlugin, filled_template
from sr_batch.integrations.managed_block import ManagedBlock
from sr_batch.integrations.user_files import read

_TYPES = "".join(f"{mime};" for row in FORMATS.values() for mime in row.mime_types)
_SCALES = (2, 4)
_NEW_ACTIONS = b"<actions>\n<!-- made by sr-batch plugin install thunar -->\n</actions>\n"
_ACTIONS = re.compile(
    rb"<action>(?:(?!</action>).)*?<unique-id>sr-batch-.*?</action>\r?\n?", re.DOTALL
)


def _script(name: str, tool: Path, scale: int) -> bytes:
    """The shell script that enlarges its arguments."""
    values = {"NAME": name, "TOOL": quoting.shell(str(tool)), "SCALE": str(scale)}
    return filled_template("desktop/enlarge.sh", **values)


def _scripts(name: str, tool: Path) -> dict[Path, bytes]:
    """The scripts of a file manager that has no own folder for scripts."""
    folder = user_folders.data() / "sr-batch"
    return {folder / f"{name}-{scale}x.sh": _script(name, tool, scale) for scale in _SCALES}


def _desktop_file(name: str, place: Path, tool: Path) -> Content:
    """A desktop file at ``place``, and the two scripts that it runs."""
    scripts = _scripts(name, tool)
    two, four = (quoting.desktop(str(path)) for path in scripts)
    entry = filled_template(f"desktop/{name}.desktop", SCRIPT2=two, SCRIPT4=four, TYPES=_TYPES)
    return Content({place: entry, **scripts})


def _applications() -> Path:
    return user_folders.data() / "applications"


def _openwith(tool: Path) -> Content:
    return _desktop_file("openwith", _applications() / "sr-batch.desktop", tool)


def _dolphin(tool: Path) -> Content:
    place = user_folders.data() / "kio" / "servicemenus" / "sr-batch.desktop"
    return _desktop_file("dolphin", place, tool)


def _nautilus(tool: Path) -> Content:
    folder = user_folders.data() / "nautilus" / "scripts"
    names = {folder / f"Enlarge {scale}x (sr-batch)": scale for scale in _SCALES}
    return Content({path: _script("nautilus", tool, scale) for path, scale in names.items()})


def _nemo(tool: Path) -> Content:
    folder, files = user_folders.data() / "nemo" / "actions", {}
    for scale in _SCALES:
        action = filled_template("desktop/nemo.nemo_action", SCALE=str(scale), TYPES=_TYPES)
        files[folder / f"sr-batch-{scale}x.nemo_action"] = action
        files[folder / f"sr-batch-{scale}x.sh"] = _script("nemo", tool, scale)
    return Content(files)


def _thunar(tool: Path) -> Content:
    scripts = _scripts("thunar", tool)
    actions = [
        filled_template("desktop/thunar.xml", SCALE=str(scale), COMMAND=quoting.thunar(str(path)))
        for scale, path in zip(_SCALES, scripts, strict=True)
    ]
    return Content(scripts, ((_thunar_actions(), b"".join(actions)),))


def _thunar_actions() -> ManagedBlock:
    """The actions in ``uca.xml``.

    A user's file hides the system's, so a new file starts as a copy of the system's.
    """
    systems = [folder / "Thunar" / "uca.xml" for folder in user_folders.system_settings()]
    new_file = next(filter(None, map(read, systems)), _NEW_ACTIONS)
    path = user_folders.settings() / "Thunar" / "uca.xml"
    return ManagedBlock(path, _ACTIONS, b"</actions>", new_file, _require_xml)


def _require_xml(content: bytes) -> None:
    try:
        ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(f"not valid XML ({error})") from error


def _update_desktop_database() -> tuple[str, ...]:
    return ("update-desktop-database", str(_applications()))


OPENWITH = FilePlugin(
    "openwith",
    "Open With in the file manager of any desktop",
    "to use it: right-click on images, Open With, Enlarge 2x (sr-batch)",
    _openwith,
    _update_desktop_database,
)
DOLPHIN = FilePlugin(
    "dolphin",
    "an action in Dolphin",
    "to use it: right-click on images, Enlarge (sr-batch)",
    _dolphin,
    programs=("dolphin",),
)
NAUTILUS = FilePlugin(
    "nautilus",
    "scripts in Nautilus",
    "to use it: right-click on images, Scripts",
    _nautilus,
    programs=("nautilus",),
)
NEMO = FilePlugin(
    "nemo",
    "actions in Nemo",
    "to use it: right-click on images, Enlarge 2x (sr-batch)",
    _nemo,
    programs=("nemo",),
)
THUNAR = FilePlugin(
    "thunar",
    "actions in Thunar",
    "to use it: thunar -q, then right-click on images, Enlarge 2x (sr-batch)",
    _thunar,
    programs=("thunar", "Thunar"),
)
