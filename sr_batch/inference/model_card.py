"""Reads what the model card beside a network says for people."""

import re
from dataclasses import dataclass
from pathlib import Path

_ITEM = re.compile(r"^- (For|Speed): (.+)$", re.MULTILINE)
_SECTION = re.compile(r"^## Strengths and limits\n\n(.+?)(?=\n\n## |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class ModelCard:
    """What a card says of a network; empty where it says nothing, or where there is no card.

    Attributes:
        purpose: When to choose it, in a few words; ``comparison only`` if never.
        speed: ``fast``, ``medium`` or ``slow``, among all networks.
        strengths: What it does well.
        limits: What not to expect.
    """

    purpose: str = ""
    speed: str = ""
    strengths: str = ""
    limits: str = ""

    @property
    def is_for_comparison(self) -> bool:
        """Whether the network is kept only to compare others with it."""
        return self.purpose.startswith("comparison")


def read_card(network: Path) -> ModelCard:
    """The card beside the file ``network``."""
    try:
        text = network.with_suffix(".md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ModelCard()
    items = dict(_ITEM.findall(text))
    section = _SECTION.search(text)
    strengths, _, limits = section[1].strip().partition("\n\n") if section else ("", "", "")
    return ModelCard(items.get("For", ""), items.get("Speed", ""), strengths, limits)
