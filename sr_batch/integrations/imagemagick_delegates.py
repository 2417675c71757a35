"""The lines for ImageMagick's ``delegates.xml``: writes one for each network, and parses them.

ImageMagick replaces ``%i`` and ``%o`` by the names of two temporary links, so the name of a user's
file is never part of a command. It runs the command without a shell if the command has no shell
character.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from sr_batch.core.errors import UsageError
from sr_batch.files.reading import display_name
from sr_batch.inference.model_catalog import ModelFile

CLOSING = b"</delegatemap>"
NEW_FILE = b"<delegatemap>\n<!-- made by sr-batch plugin install imagemagick -->\n</delegatemap>\n"
_BEGIN = "<!-- sr-batch: a prefix for each of its networks, from here -->"
_END = "<!-- to here, by sr-batch plugin install imagemagick -->"
BLOCK = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}\r?\n".encode(), re.DOTALL)
_UNSAFE = set('"$`%&;<>|\r\n') | (set() if os.name == "nt" else {"\\"})


def prefixes(models: Iterable[ModelFile]) -> dict[str, ModelFile]:
    """Prefixes of file names, without the colon, and their networks: ``edsr2x``, ``my-net-4x``.

    A prefix keeps only the letters and digits of a name. If two names give the same prefix, the
    first network gets it. A name that is unsafe in a command gets none.
    """
    found: dict[str, ModelFile] = {}
    for model in models:
        stem = re.sub(r"[^a-z0-9]+", "-", model.name.lower()).strip("-")
        if model.precision == "fp32" and stem and not _UNSAFE & set(model.name):
            apart = "-" if stem[-1].isdigit() else ""
            found.setdefault(f"{stem}{apart}{model.scale}x", model)
    return found


def lines(tool: Path, models: Iterable[ModelFile]) -> bytes:
    """The delegates that run ``tool``, between two comments, as :data:`BLOCK` matches them.

    Raises:
        UsageError: the path of ``tool`` is unsafe in a command of ImageMagick.
    """
    if _UNSAFE & set(str(tool)):
        raise UsageError(
            f"{display_name(tool)}: ImageMagick cannot run a command with this path; install"
            " sr-batch in a folder whose name has only letters, digits and spaces"
        )
    text = "".join(
        f"  <delegate decode={quoteattr(prefix)} command={_quoted(_command(tool, model))}/>\n"
        for prefix, model in prefixes(models).items()
    )
    return f"{_BEGIN}\n{text}{_END}\n".encode("ascii", "xmlcharrefreplace")


def commands(content: bytes) -> dict[str, str]:
    """Prefix and command of every delegate for reading.

    Raises:
        ValueError: ``content`` is not a ``delegates.xml``.
    """
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(f"not valid XML ({error})") from error
    if root.tag != "delegatemap":
        raise ValueError(f"its root element is {root.tag}, not delegatemap")
    return {
        each.get("decode", ""): each.get("command", "")
        for each in root.iter("delegate")
        if each.get("decode")
    }


def check(content: bytes) -> None:
    """Raise ValueError unless ``content`` is a ``delegates.xml``."""
    commands(content)


def program(command: str) -> Path:
    """The program that ``command``, written by :func:`lines`, runs."""
    return Path(command.split('"')[1])


def _command(tool: Path, model: ModelFile) -> str:
    # Ignore the user's defaults, and leave no record in the folder of temporary files.
    arguments = f'upscale "--model={model.name}" --scale {model.scale} --format png --quiet'
    return f'"{tool}" {arguments} --no-record --config {os.devnull} "%i" -o "%o"'


def _quoted(text: str) -> str:
    return quoteattr(text, {'"': "&quot;"})
