"""Installs the plug-ins of ``plugins/`` into other programs, for the current user."""

from importlib import import_module
from typing import cast

from sr_batch.core.errors import UsageError, did_you_mean
from sr_batch.integrations.installer import Condition, Installer

__all__ = ["INSTALLERS", "Condition", "Installer", "installer"]

# Name on the command line -> module, and the name of the installer in it if not `INSTALLER`.
INSTALLERS: dict[str, str] = {
    "gimp": "gimp",
    "imagemagick": "imagemagick",
    "darktable": "darktable",
    "openwith": "file_managers:OPENWITH",
    "dolphin": "file_managers:DOLPHIN",
    "nautilus": "file_managers:NAUTILUS",
    "nemo": "file_managers:NEMO",
    "thunar": "file_managers:THUNAR",
}


def installer(name: str) -> Installer:
    """The installer of the plug-in ``name``.

    Raises:
        UsageError: there is no such plug-in; the message lists all plug-ins.
    """
    if name not in INSTALLERS:
        hint = did_you_mean(name, INSTALLERS)
        raise UsageError(f"unknown plug-in {name}: {hint}The plug-ins are {', '.join(INSTALLERS)}")
    module, _, attribute = INSTALLERS[name].partition(":")
    found = getattr(import_module(f"sr_batch.integrations.{module}"), attribute or "INSTALLER")
    return cast(Installer, found)
