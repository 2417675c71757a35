"""ImageMagick: ``convert edsr2x:in.png out.png``, by delegates in the user's ``delegates.xml``."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from sr_batch.core.results import one_line
from sr_batch.inference.model_catalog import find_models
from sr_batch.integrations import imagemagick_delegates as delegates
from sr_batch.integrations import user_folders
from sr_batch.integrations.installer import Condition
from sr_batch.integrations.managed_block import ManagedBlock

_REINSTALL = "sr-batch plugin install imagemagick"
_TIMEOUT = 120  # seconds
_PICTURE = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"  # one pixel


@dataclass(frozen=True)
class ImageMagick:
    """Installs a prefix for each network and scale."""

    about: str = "convert edsr2x:in.png out.png"

    def install(self, tool: Path) -> list[str]:
        block, models = _block(), find_models()
        changed = block.put(delegates.lines(tool, models))
        known = [f"{prefix}:" for prefix in delegates.prefixes(models)]
        done = [
            f"{block.path}: {'written' if changed else 'up to date'}, with {' '.join(known)}",
            f"to use it: convert {known[0]}in.png out.png",
        ]
        return done if _convert() else [*done, "ImageMagick is not installed yet: install it"]

    def uninstall(self) -> list[str]:
        block = _block()
        return [f"{block.path}: the prefixes were removed"] if block.take_out() else []

    def status(self) -> Condition:
        block = _block()
        where, lines = (block.path,), block.lines()
        if not lines:
            return Condition("absent", where, f"would add lines to {block.path}")
        fault = _fault_in(lines) or _fault_in_use(sorted(_commands(lines)))
        if fault:
            return Condition("broken", where, *fault)
        return Condition("works", where, f"{len(_commands(lines))} prefixes in {block.path}")


INSTALLER = ImageMagick()

Fault = tuple[str, str]
"""What is wrong, and how to fix it."""


def _block() -> ManagedBlock:
    path = _folder() / "delegates.xml"
    return ManagedBlock(
        path, delegates.BLOCK, delegates.CLOSING, delegates.NEW_FILE, check=delegates.check
    )


def _folder() -> Path:
    """The first folder in which ImageMagick looks for the settings of the user."""
    for name in filter(None, os.environ.get("MAGICK_CONFIGURE_PATH", "").split(os.pathsep)):
        return Path(name)
    return user_folders.settings() / "ImageMagick"


def _commands(lines: bytes) -> dict[str, str]:
    return delegates.commands(b"<delegatemap>" + lines + delegates.CLOSING)


def _fault_in(lines: bytes) -> Fault | None:
    """A fault that can be found without running ImageMagick."""
    try:
        commands = _commands(lines)
    except ValueError as error:
        return f"the lines of sr-batch were changed: {error}", _REINSTALL
    if commands.keys() != delegates.prefixes(find_models()).keys():
        return "the networks have changed since it was installed", _REINSTALL
    tools = {delegates.program(command) for command in commands.values()}
    for tool in tools:
        if not tool.is_file():
            return f"{tool} no longer exists", _REINSTALL
    return None


def _fault_in_use(prefixes: list[str]) -> Fault | None:
    """A fault that shows when ImageMagick enlarges a picture."""
    convert = _convert()
    if convert is None:
        return (
            "ImageMagick is not installed: found neither magick nor convert",
            "install ImageMagick",
        )
    quickest = min(prefixes, key=_bytes)
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder, "picture.gif")
        picture.write_bytes(_PICTURE)
        code, output = _run(convert, f"{quickest}:{picture}", "info:")
    if code == 0:
        return None
    if "policy" in output or "NotAuthorized" in output:
        return f"a policy of {convert} forbids delegates", _permission(prefixes)
    return f"{convert} fails with {quickest}: ({one_line(output.strip())})", "sr-batch doctor"


def _bytes(prefix: str) -> int:
    return delegates.prefixes(find_models())[prefix].path.stat().st_size


def _permission(prefixes: list[str]) -> str:
    """The lines that a policy needs. In a ``policy.xml`` the last match counts."""
    tool = delegates.program(_commands(_block().lines())[prefixes[0]])
    allowed = ",".join(prefix.upper() for prefix in prefixes)
    return (
        "add these two lines at the end of the policy.xml that `convert -list policy` names:"
        f' <policy domain="delegate" rights="read|write|execute" pattern="{{{allowed}}}"/>'
        f' <policy domain="delegate" rights="execute" pattern={quoteattr(str(tool))}/>'
    )


def _convert() -> str | None:
    """The program of ImageMagick. Windows has another ``convert``, which formats disks."""
    for name in ("magick", "convert"):
        program = shutil.which(name)
        if program and "ImageMagick" in _run(program, "-version")[1]:
            return program
    return None


def _run(*command: str) -> tuple[int, str]:
    """The exit code and all output of ``command``."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stdout.decode(errors="replace")
