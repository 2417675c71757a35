"""ImageMagick: ``convert edsr2x:in.png out.png``, by delegates in the user's delegates.xml."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from sr_batch.core.results import one_line
from sr_batch.inference.model_catalog import find_models
from sr_batch.integrations import delegates, folders
from sr_batch.integrations.installer import Condition
from sr_batch.integrations.shared_file import SharedFile

_AGAIN = "sr-batch plugin install imagemagick"
_PATIENCE = 120  # seconds
_PICTURE = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"  # one pixel


@dataclass(frozen=True)
class ImageMagick:
    """Installs a prefix for each network and scale there is."""

    about: str = "convert edsr2x:in.png out.png"

    def install(self, tool: Path) -> list[str]:
        file, models = _file(), find_models()
        changed = file.put(delegates.lines(tool, models))
        known = [f"{prefix}:" for prefix in delegates.prefixes(models)]
        said = [
            f"{file.path}: {'written' if changed else 'up to date'}, with {' '.join(known)}",
            f"use it: convert {known[0]}in.png out.png",
        ]
        return said if _convert() else [*said, "ImageMagick itself is not there yet: install it"]

    def uninstall(self) -> list[str]:
        file = _file()
        return [f"{file.path}: the prefixes are taken out"] if file.take_out() else []

    def status(self) -> Condition:
        file = _file()
        where, held = (file.path,), file.held()
        if not held:
            return Condition("absent", where, f"would be lines in {file.path}")
        fault = _fault_in(held) or _fault_at_work(sorted(_commands(held)))
        if fault:
            return Condition("broken", where, *fault)
        return Condition("works", where, f"{len(_commands(held))} prefixes in {file.path}")


INSTALLER = ImageMagick()

Fault = tuple[str, str]
"""What is the case, and what mends it."""


def _file() -> SharedFile:
    path = _folder() / "delegates.xml"
    return SharedFile(
        path, delegates.OURS, delegates.CLOSING, delegates.FRAME, check=delegates.check
    )


def _folder() -> Path:
    """Where ImageMagick looks first for what a user adds."""
    for name in filter(None, os.environ.get("MAGICK_CONFIGURE_PATH", "").split(os.pathsep)):
        return Path(name)
    return folders.settings() / "ImageMagick"


def _commands(held: bytes) -> dict[str, str]:
    return delegates.commands(b"<delegatemap>" + held + delegates.CLOSING)


def _fault_in(held: bytes) -> Fault | None:
    """What can be seen without ImageMagick."""
    try:
        commands = _commands(held)
    except ValueError as error:
        return f"the lines of ours were changed: {error}", _AGAIN
    if commands.keys() != delegates.prefixes(find_models()).keys():
        return "there are other networks now", _AGAIN
    tools = {delegates.program(command) for command in commands.values()}
    for tool in tools:
        if not tool.is_file():
            return f"{tool} is not there any more", _AGAIN
    return None


def _fault_at_work(ours: list[str]) -> Fault | None:
    """What ImageMagick itself says, asked for a picture."""
    convert = _convert()
    if convert is None:
        return "ImageMagick is not there, neither magick nor convert", "install ImageMagick"
    quickest = min(ours, key=_bytes)
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder, "picture.gif")
        picture.write_bytes(_PICTURE)
        code, said = _run(convert, f"{quickest}:{picture}", "info:")
    if code == 0:
        return None
    if "policy" in said or "NotAuthorized" in said:
        return f"a policy of {convert} forbids delegates", _permission(ours)
    return f"{convert} fails with {quickest}: ({one_line(said.strip())})", "sr-batch doctor"


def _bytes(prefix: str) -> int:
    return delegates.prefixes(find_models())[prefix].path.stat().st_size


def _permission(ours: list[str]) -> str:
    """The lines that a policy lacks; the last ones of a policy.xml count."""
    tool = delegates.program(_commands(_file().held())[ours[0]])
    allowed = ",".join(prefix.upper() for prefix in ours)
    return (
        "put these two at the end of the policy.xml that `convert -list policy` names:"
        f' <policy domain="delegate" rights="read|write|execute" pattern="{{{allowed}}}"/>'
        f' <policy domain="delegate" rights="execute" pattern={quoteattr(str(tool))}/>'
    )


def _convert() -> str | None:
    """ImageMagick's program; Windows has another ``convert``, which formats disks."""
    for name in ("magick", "convert"):
        program = shutil.which(name)
        if program and "ImageMagick" in _run(program, "-version")[1]:
            return program
    return None


def _run(*command: str) -> tuple[int, str]:
    """Exit code, and all that was said."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stdout.decode(errors="replace")
