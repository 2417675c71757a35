"""What a net's file says about it in words and published numbers, for its card."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """Facts of an architecture.

    Attributes:
        title: Name with its variant.
        paper: Authors, title, venue and the section that describes it.
        summary: One sentence on the structure.
        published: Scale -> set -> PSNR-Y in dB, as the paper or its later tables print it.
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
