"""Brings the plug-ins of ``plugins/`` into the programs of this user: one module each."""

from importlib import import_module
from typing import cast

from sr_batch.core.errors import UsageError, did_you_mean
from sr_batch.integrations.installer import Condition, Installer

__all__ = ["INSTALLERS", "Condition", "Installer", "installer"]

# Name on the command line -> module, and what in it is the installer if that is not `INSTALLER`.
INSTALLERS: dict[str, str] = {
    "gimp": "gimp",
    "imagemagick": "imagemagick",
    "darktable": "files:DARKTABLE",
    "openwith": "files:OPENWITH",
    "dolphin": "files:DOLPHIN",
    "nautilus": "files:NAUTILUS",
    "nemo": "files:NEMO",
    "thunar": "files:THUNAR",
}


def installer(name: str) -> Installer:
    """The installer called ``name``.

    Raises:
        UsageError: there is none; the message lists what there is.
    """
    if name not in INSTALLERS:
        hint = did_you_mean(name, INSTALLERS)
        raise UsageError(f"no plug-in is called {name}: {hint}There are {', '.join(INSTALLERS)}")
    module, _, attribute = INSTALLERS[name].partition(":")
    found = getattr(import_module(f"sr_batch.integrations.{module}"), attribute or "INSTALLER")
    return cast(Installer, found)
