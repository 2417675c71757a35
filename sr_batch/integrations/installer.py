"""What an installer of a plug-in is: it writes few files, knows them again, and removes them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

State = Literal["absent", "works", "broken"]


@dataclass(frozen=True)
class Condition:
    """What became of a plug-in on this machine.

    Attributes:
        state: ``absent`` is not installed, ``broken`` is installed and cannot work.
        where: The files or folders it stands in, or would stand in.
        detail: What was found, one line.
        fix: The command or the one step that mends it; None where nothing is to be mended.
    """

    state: State
    where: tuple[Path, ...]
    detail: str
    fix: str | None = None


class Installer(Protocol):
    """Brings one plug-in into one program. All of it may be repeated at will.

    Attributes:
        about: What the plug-in gives, in a few words.
    """

    about: str

    def install(self, tool: Path) -> list[str]:
        """Write or refresh the plug-in; it will run the command ``tool``, an absolute path.

        Returns:
            What was done, and what the user does next: one line each.

        Raises:
            UsageError: it cannot be done here; the message names what helps.
        """

    def uninstall(self) -> list[str]:
        """Remove what ``install`` wrote and nothing else; one line for each thing removed."""

    def status(self) -> Condition: ...
