"""An installer that writes files, and blocks of lines in files of the user."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sr_batch.core.errors import UsageError
from sr_batch.files.reading import display_name
from sr_batch.integrations.installer import Condition
from sr_batch.integrations.managed_block import ManagedBlock
from sr_batch.integrations.package_paths import own_command, plugin_folder
from sr_batch.integrations.user_files import read, remove, write

_MARK = b"sr-batch plugin install"  # in every file that belongs to a plug-in


@dataclass(frozen=True)
class Content:
    """What a plug-in installs.

    Attributes:
        files: The files of the plug-in and their bytes; those that begin with ``#!`` are made
            executable.
        blocks: The blocks in files of the user, and their lines.
    """

    files: Mapping[Path, bytes]
    blocks: tuple[tuple[ManagedBlock, bytes], ...] = ()


@dataclass(frozen=True)
class FilePlugin:
    """An installer of files.

    Attributes:
        name: The name on the command line.
        about: What the plug-in adds, in a few words.
        use: What the user does next.
        content: Returns what to install for a given command.
        refresh: Returns a command that makes the files known, run if it is installed.
        programs: The program that uses the plug-in, by any of these names; empty for any program.
    """

    name: str
    about: str
    use: str
    content: Callable[[Path], Content]
    refresh: Callable[[], tuple[str, ...]] = tuple
    programs: tuple[str, ...] = ()

    def install(self, tool: Path) -> list[str]:
        content = self.content(tool)
        for path in content.files:
            _require_own(path)
        for path, data in content.files.items():
            write(path, data, executable=data.startswith(b"#!"))
        for block, lines in content.blocks:
            block.put(lines)
        self._refresh()
        return [*map(str, _places(content)), self.use]

    def uninstall(self) -> list[str]:
        content = self.content(Path())
        removed = []
        for path in filter(_is_own, content.files):
            remove(path)
            removed.append(str(path))
        for block, _ in content.blocks:
            if block.take_out():
                removed.append(f"{block.path}: the lines of sr-batch were removed")
        if removed:
            self._refresh()
        return removed

    def status(self) -> Condition:
        content = self.content(own_command())
        where = _places(content)
        if not _is_installed(content):
            return Condition("absent", where, self.about)
        same = [read(path) == data for path, data in content.files.items()]
        same += [block.lines() == lines for block, lines in content.blocks]
        if not all(same):
            fix = f"sr-batch plugin install {self.name}"
            return Condition("broken", where, "it differs from what this version installs", fix)
        if lacking := missing_program(self.programs):
            return Condition("broken", where, *lacking)
        return Condition("works", where, str(where[0]))

    def _refresh(self) -> None:
        command = self.refresh()
        if command and shutil.which(command[0]):
            subprocess.run(command, check=False, capture_output=True)


def missing_program(names: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong and how to fix it, if none of the programs ``names`` is installed.

    Only on Linux and its like: elsewhere programs are not found by their names.
    """
    if not names or sys.platform in ("win32", "darwin") or any(map(shutil.which, names)):
        return None
    return f"{names[0]} is not installed: it was not found in PATH", f"install {names[0]}"


def filled_template(template: str, **values: str) -> bytes:
    """The file ``template`` of ``plugins/``, with each ``@NAME@`` replaced by its value."""
    text = (plugin_folder(template.split("/")[0]).parent / template).read_text(encoding="utf-8")
    return re.sub("@([A-Z0-9]+)@", lambda found: values[found[1]], text).encode(
        "utf-8", "surrogateescape"
    )


def _places(content: Content) -> tuple[Path, ...]:
    return (*content.files, *(block.path for block, _ in content.blocks))


def _is_installed(content: Content) -> bool:
    return any(map(_is_own, content.files)) or any(block.lines() for block, _ in content.blocks)


def _is_own(path: Path) -> bool:
    """Whether ``path`` exists and was written by an installer."""
    return _MARK in (read(path) or b"")


def _require_own(path: Path) -> None:
    if _MARK not in (read(path) or _MARK):
        raise UsageError(
            f"{display_name(path)} was not made by sr-batch: move it away, then run the same"
            " command again"
        )
