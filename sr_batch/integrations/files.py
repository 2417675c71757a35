"""What is installed by putting files in their places: desktops, file managers, darktable."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from sr_batch.core.errors import UsageError
from sr_batch.files.reading import display_name
from sr_batch.integrations import folders, quoting
from sr_batch.integrations.installer import Condition
from sr_batch.integrations.shared_file import SharedFile, read, remove, write
from sr_batch.integrations.shipped import own_command, shipped

_MARK = b"sr-batch plugin install"
_KINDS = ("jpeg", "png", "tiff", "webp", "bmp", "gif", "avif", "heif", "heic", "jxl")
_NO_ACTIONS = b"<actions>\n<!-- made by sr-batch plugin install thunar -->\n</actions>\n"
_NO_LUARC = b"-- made by sr-batch plugin install darktable\n"
_TYPES = "".join(f"image/{kind};" for kind in _KINDS)


@dataclass(frozen=True)
class Content:
    """What an installed plug-in consists of.

    Attributes:
        files: Those of ours alone, and what is in them; what begins with ``#!`` can be run.
        shared: Those that others write, too, and the lines of ours in them.
    """

    files: Mapping[Path, bytes]
    shared: tuple[tuple[SharedFile, bytes], ...] = ()


@dataclass(frozen=True)
class FilePlugin:
    """An installer of files.

    Attributes:
        name: On the command line.
        about: As the protocol says.
        use: What the user does next.
        content: Given the command, what it comes to.
        refresh: A command and its arguments that make known what was put in place, if it is there.
    """

    name: str
    about: str
    use: str
    content: Callable[[Path], Content]
    refresh: Callable[[], tuple[str, ...]] = tuple

    def install(self, tool: Path) -> list[str]:
        content = self.content(tool)
        for path in content.files:
            _require_ours(path)
        for path, data in content.files.items():
            write(path, data, executable=data.startswith(b"#!"))
        for file, lines in content.shared:
            file.put(lines)
        self._refresh()
        return [*map(str, _places(content)), self.use]

    def uninstall(self) -> list[str]:
        content = self.content(Path())
        removed = []
        for path in content.files:
            if _MARK in (read(path) or b""):
                remove(path)
                removed.append(str(path))
        for file, _ in content.shared:
            if file.take_out():
                removed.append(f"{file.path}: what was put in is taken out")
        if removed:
            self._refresh()
        return removed

    def status(self) -> Condition:
        content = self.content(own_command())
        where = _places(content)
        same = [read(path) == data for path, data in content.files.items()]
        same += [file.held() == lines for file, lines in content.shared]
        there = any(_MARK in (read(path) or b"") for path in content.files)
        there = there or any(file.held() for file, _ in content.shared)
        if not there:
            return Condition("absent", where, self.about)
        if not all(same):
            fix = f"sr-batch plugin install {self.name}"
            return Condition("broken", where, "it is not as this version puts it in place", fix)
        return Condition("works", where, str(where[0]))

    def _refresh(self) -> None:
        command = self.refresh()
        if command and shutil.which(command[0]):
            subprocess.run(command, check=False, capture_output=True)


def _places(content: Content) -> tuple[Path, ...]:
    return (*content.files, *(file.path for file, _ in content.shared))


def _require_ours(path: Path) -> None:
    if _MARK not in (read(path) or _MARK):
        raise UsageError(
            f"{display_name(path)} is somebody else's: move it away, then run the same command"
            " again"
        )


def _filled(template: str, **words: str) -> bytes:
    """A shipped file with ``@WORD@`` replaced."""
    text = (shipped(template.split("/")[0]).parent / template).read_text(encoding="utf-8")
    return re.sub("@([A-Z0-9]+)@", lambda found: words[found[1]], text).encode(
        "utf-8", "surrogateescape"
    )


def _script(name: str, tool: Path, scale: int) -> bytes:
    words = {"NAME": name, "TOOL": quoting.shell(str(tool)), "SCALE": str(scale)}
    return _filled("desktop/enlarge.sh", **words)


def _scripts(name: str, tool: Path) -> dict[Path, bytes]:
    """The commands of a file manager that has no folder of its own for them."""
    folder = folders.data() / "sr-batch"
    return {folder / f"{name}-{scale}x.sh": _script(name, tool, scale) for scale in (2, 4)}


def _entry(name: str, place: Path, tool: Path) -> Content:
    """A desktop file that runs the two scripts."""
    scripts = _scripts(name, tool)
    two, four = (quoting.desktop(str(path)) for path in scripts)
    entry = _filled(f"desktop/{name}.desktop", SCRIPT2=two, SCRIPT4=four, TYPES=_TYPES)
    return Content({place: entry, **scripts})


def _applications() -> Path:
    return folders.data() / "applications"


def _openwith(tool: Path) -> Content:
    return _entry("openwith", _applications() / "sr-batch.desktop", tool)


def _dolphin(tool: Path) -> Content:
    place = folders.data() / "kio" / "servicemenus" / "sr-batch.desktop"
    return _entry("dolphin", place, tool)


def _nautilus(tool: Path) -> Content:
    folder = folders.data() / "nautilus" / "scripts"
    names = {folder / f"Enlarge {scale}x (sr-batch)": scale for scale in (2, 4)}
    return Content({path: _script("nautilus", tool, scale) for path, scale in names.items()})


def _nemo(tool: Path) -> Content:
    folder, files = folders.data() / "nemo" / "actions", {}
    for scale in (2, 4):
        action = _filled("desktop/nemo.nemo_action", SCALE=str(scale), TYPES=_TYPES)
        files[folder / f"sr-batch-{scale}x.nemo_action"] = action
        files[folder / f"sr-batch-{scale}x.sh"] = _script("nemo", tool, scale)
    return Content(files)


def _thunar(tool: Path) -> Content:
    scripts = _scripts("thunar", tool)
    actions = [
        _filled("desktop/thunar.xml", SCALE=str(scale), COMMAND=quoting.thunar(str(path)))
        for scale, path in zip((2, 4), scripts, strict=True)
    ]
    return Content(scripts, ((_actions_of_thunar(), b"".join(actions)),))


def _actions_of_thunar() -> SharedFile:
    """A user's file hides the system's: where there is none yet, it begins as that."""
    ours = rb"<action>(?:(?!</action>).)*?<unique-id>sr-batch-.*?</action>\r?\n?"
    places = [folder / "Thunar" / "uca.xml" for folder in folders.system_settings()]
    systems = next(filter(None, map(read, places)), _NO_ACTIONS)
    return SharedFile(
        folders.settings() / "Thunar" / "uca.xml",
        re.compile(ours, re.DOTALL),
        b"</actions>",
        systems,
        _require_xml,
    )


def _require_xml(content: bytes) -> None:
    try:
        ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(f"no XML ({error})") from error


def _darktable(tool: Path) -> Content:
    folder = folders.settings() / "darktable"
    begin, end = b"\n-- sr-batch plugin install darktable:", b"\n-- so far.\n"
    ours = re.compile(re.escape(begin) + b".*?" + re.escape(end), re.DOTALL)
    luarc = SharedFile(folder / "luarc", ours, b"", _NO_LUARC)
    script = _filled("darktable/sr-batch.lua", TOOL=quoting.lua(str(tool)))
    lines = begin + b'\nrequire "sr-batch"' + end
    return Content({folder / "lua" / "sr-batch.lua": script}, ((luarc, lines),))


def _known_to_desktops() -> tuple[str, ...]:
    return ("update-desktop-database", str(_applications()))


OPENWITH = FilePlugin(
    "openwith",
    "Open With, in any desktop's file manager",
    "use it: right click on images, Open With, Enlarge 2x (sr-batch)",
    _openwith,
    _known_to_desktops,
)
DOLPHIN = FilePlugin(
    "dolphin", "an action in Dolphin", "use it: right click on images, Enlarge (sr-batch)", _dolphin
)
NAUTILUS = FilePlugin(
    "nautilus", "scripts in Nautilus", "use it: right click on images, Scripts", _nautilus
)
NEMO = FilePlugin(
    "nemo", "actions in Nemo", "use it: right click on images, Enlarge 2x (sr-batch)", _nemo
)
THUNAR = FilePlugin(
    "thunar",
    "actions in Thunar",
    "use it: thunar -q, then right click on images, Enlarge 2x (sr-batch)",
    _thunar,
)
DARKTABLE = FilePlugin(
    "darktable",
    "a target of darktable's export",
    "use it: start darktable anew, export, target storage: enlarge (sr-batch)",
    _darktable,
)
