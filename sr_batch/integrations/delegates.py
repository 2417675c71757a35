"""ImageMagick's delegates.xml: a line for each network, and what of it can be understood again.

ImageMagick puts the names of two links in place of ``%i`` and ``%o``, so no name of a user's file
is ever part of a command. It runs the command itself, without a shell, as long as no character of
a shell is in it.
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
FRAME = b"<delegatemap>\n<!-- made by sr-batch plugin install imagemagick -->\n</delegatemap>\n"
_BEGIN = "<!-- sr-batch: a prefix for each of its networks, from here -->"
_END = "<!-- to here, by sr-batch plugin install imagemagick -->"
OURS = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}\r?\n".encode(), re.DOTALL)
_UNSAFE = set('"$`%&;<>|\r\n') | (set() if os.name == "nt" else {"\\"})


def prefixes(models: Iterable[ModelFile]) -> dict[str, ModelFile]:
    """What stands before the colon -> the network it means: ``edsr2x``, ``my-net-4x``.

    Letters and digits alone are left of a name. Of two that come to the same, the first counts;
    what cannot be written into a command has none.
    """
    found: dict[str, ModelFile] = {}
    for model in models:
        word = re.sub(r"[^a-z0-9]+", "-", model.name.lower()).strip("-")
        if model.precision == "fp32" and word and not _UNSAFE & set(model.name):
            apart = "-" if word[-1].isdigit() else ""
            found.setdefault(f"{word}{apart}{model.scale}x", model)
    return found


def lines(tool: Path, models: Iterable[ModelFile]) -> bytes:
    """The delegates that run ``tool``, between marks that ``OURS`` finds again.

    Raises:
        UsageError: the path of ``tool`` cannot stand in a command of ImageMagick's.
    """
    if _UNSAFE & set(str(tool)):
        raise UsageError(
            f"{display_name(tool)}: ImageMagick cannot run a command with such a path; install"
            " sr-batch into a folder whose name has letters, digits and spaces alone"
        )
    text = "".join(
        f"  <delegate decode={quoteattr(prefix)} command={_quoted(_command(tool, model))}/>\n"
        for prefix, model in prefixes(models).items()
    )
    return f"{_BEGIN}\n{text}{_END}\n".encode("ascii", "xmlcharrefreplace")


def commands(content: bytes) -> dict[str, str]:
    """Prefix -> command of every delegate that decodes.

    Raises:
        ValueError: this is no file of delegates.
    """
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(f"no XML ({error})") from error
    if root.tag != "delegatemap":
        raise ValueError(f"its root is {root.tag}, not delegatemap")
    return {
        each.get("decode", ""): each.get("command", "")
        for each in root.iter("delegate")
        if each.get("decode")
    }


def check(content: bytes) -> None:
    """Raise ValueError unless ``content`` is a file of delegates."""
    commands(content)


def program(command: str) -> Path:
    """The program that a command of ours runs."""
    return Path(command.split('"')[1])


def _command(tool: Path, model: ModelFile) -> str:
    # Nothing of the user's defaults, no record in the folder of temporary files.
    words = f'upscale "--model={model.name}" --scale {model.scale} --format png --quiet'
    return f'"{tool}" {words} --no-record --config {os.devnull} "%i" -o "%o"'


def _quoted(text: str) -> str:
    return quoteattr(text, {'"': "&quot;"})
