"""The interface of an installer of one plug-in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

State = Literal["absent", "works", "broken"]


@dataclass(frozen=True)
class Condition:
    """The condition of a plug-in on this machine.

    Attributes:
        state: ``absent`` is not installed, ``broken`` is installed and cannot work.
        where: The files or folders of the plug-in, whether or not they exist.
        detail: What was found, in one line.
        fix: The command or the step that fixes it; None if nothing is broken.
    """

    state: State
    where: tuple[Path, ...]
    detail: str
    fix: str | None = None


class Installer(Protocol):
    """Installs one plug-in into one program. Every method may be called repeatedly.

    Attributes:
        about: What the plug-in adds, in a few words.
    """

    about: str

    def install(self, tool: Path) -> list[str]:
        """Write or update the plug-in, which will run the command ``tool``, an absolute path.

        Returns:
            What was done, and what the user does next: one line each.

        Raises:
            UsageError: the plug-in cannot be installed; the message says what helps.
        """

    def uninstall(self) -> list[str]:
        """Remove what ``install`` wrote and nothing else; one line for each thing removed."""

    def status(self) -> Condition: ...
