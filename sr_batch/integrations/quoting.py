"""A path as a word of the little languages that files of other programs are written in."""

import shlex
from xml.sax.saxutils import escape

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-+./:")


def shell(text: str) -> str:
    """For a POSIX shell."""
    return shlex.quote(text)


def desktop(text: str) -> str:
    """An argument in ``Exec=`` of a desktop file: quoted as such, then escaped as a string.

    Not the program itself, which some desktops look for before they read percent signs.
    """
    argument = "".join(f"\\{char}" if char in '"`$\\' else char for char in text)
    return f'"{argument}"'.replace("\\", "\\\\").replace("%", "%%")


def lua(text: str) -> str:
    """A string of Lua."""
    codes = text.encode("utf-8", "surrogateescape")
    return '"' + "".join(chr(c) if c in _PLAIN else f"\\{c:03}" for c in codes) + '"'


def thunar(text: str) -> str:
    """For a command in uca.xml: a word of a shell, in which a percent sign is double."""
    return escape(shlex.quote(text).replace("%", "%%"))
