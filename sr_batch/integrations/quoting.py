"""Quotes a path for the languages in which the files of other programs are written."""

import shlex
from xml.sax.saxutils import escape

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-+./:")


def shell(text: str) -> str:
    """An argument in a POSIX shell."""
    return shlex.quote(text)


def desktop(text: str) -> str:
    """An argument in ``Exec=`` of a desktop file: quoted as an argument, then escaped as a string.

    Not for the program itself: some desktops look for it before they decode percent signs.
    """
    argument = "".join(f"\\{char}" if char in '"`$\\' else char for char in text)
    return f'"{argument}"'.replace("\\", "\\\\").replace("%", "%%")


def lua(text: str) -> str:
    """A string literal in Lua."""
    codes = text.encode("utf-8", "surrogateescape")
    return '"' + "".join(chr(c) if c in _PLAIN else f"\\{c:03}" for c in codes) + '"'


def thunar(text: str) -> str:
    """An argument in a command in ``uca.xml``: quoted for a shell, with percent signs doubled."""
    return escape(shlex.quote(text).replace("%", "%%"))
