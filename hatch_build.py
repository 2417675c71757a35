"""Chooses the networks that the wheel holds: all but those that are for comparison only."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMPARISON = "- For: comparison only"


class NetworksHook(BuildHookInterface[Any]):
    """Puts the files of ``exported/`` into ``sr_batch/exported``.

    The networks for comparison are half of all bytes. They stay in the source tree, where
    ``--model exported/NAME.onnx`` runs them.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; called by hatchling before it builds the wheel."""
        exported = Path(self.root, "exported")
        left_out = {
            card.stem
            for card in exported.glob("*.md")
            if _COMPARISON in card.read_text(encoding="utf-8")
        }
        build_data["force_include"] |= {
            str(path): f"sr_batch/exported/{path.name}"
            for path in exported.iterdir()
            if path.is_file() and path.stem not in left_out
        }
