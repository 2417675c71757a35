"""Which of two networks suits a picture: the one for clean pictures, or the one for photographs.

The limits were set on BSD100; `python -m training choose` measures the choice on other pictures.
"""

from dataclasses import dataclass

from sr_batch.core.image import Image
from sr_batch.core.options import CLEAN, REAL
from sr_batch.imaging.picture_traits import Traits, measure

RULE = 2  # increased by one when a picture may get another network than before

_QUALITY = 93  # of a JPEG: below it, compression is visible at x4
_BLOCKINESS = 0.1
_NOISE = 2.5  # levels of 255; the texture of some clean pictures reaches 3
_FLATNESS = 0.15  # lettering on a screen looks like noise, but screens have 0.27 and noise 0.04
_SHARPNESS = 0.4  # pixels of cameras and of enlarged pictures are below it


@dataclass(frozen=True)
class Choice:
    """The family of the network, and what decided it, in a few words."""

    network: str
    reason: str


def choose_network(image: Image) -> Choice:
    """The network for ``image``. The same picture always gets the same network."""
    return choose(measure(image.color), image.metadata.quality)


def choose(traits: Traits, quality: int | None) -> Choice:
    """The network for a picture with these traits.

    Args:
        traits: Of its pixels.
        quality: Of the JPEG that it was read from; None if it was another file.
    """
    if quality is not None and quality < _QUALITY:
        return Choice(REAL, f"a JPEG of quality {quality}")
    if traits.blockiness >= _BLOCKINESS:
        return Choice(REAL, "JPEG blocks")
    if traits.noise >= _NOISE and traits.flatness < _FLATNESS:
        return Choice(REAL, "noise")
    if traits.sharpness < _SHARPNESS:
        return Choice(REAL, "soft at pixel level")
    return Choice(CLEAN, "clean")
