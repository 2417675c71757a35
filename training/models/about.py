"""The text and the published figures of a network, for its model card."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """What the model card says about an architecture.

    Attributes:
        title: Name with its variant.
        paper: Authors, title, venue and the section that describes it.
        summary: One sentence on the structure.
        published: Scale -> set -> PSNR-Y in dB, from the paper or from later tables.
        strengths: What it does well, in one sentence.
        limits: What not to expect, in one or two sentences.
        choice: When to choose it, in a few words.
    """

    title: str
    paper: str
    summary: str
    published: Mapping[int, Mapping[str, float]]
    strengths: str
    limits: str
    choice: str
