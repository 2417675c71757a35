"""A larger network for real photographs: ``photo``, wider and deeper."""

from dataclasses import dataclass

from training.models import fast
from training.models.about import About

ABOUT = About(
    title="photo_large, 10 blocks of 3 convolutions with 64 channels",
    paper=(
        'our own; it learned from the outputs of a network of Wang et al., "Real-ESRGAN: Training '
        'Real-World Blind Super-Resolution with Pure Synthetic Data", ICCVW 2021'
    ),
    summary=(
        "Ten residual blocks of three 3x3 convolutions with LeakyReLU and 64 channels at the "
        "input's resolution, one convolution and one shuffle, added to the bicubic image; RGB."
    ),
    published={},
    strengths=(
        "As photo, for what cameras, phones and the web give. It computes twice as much for each "
        "pixel, and is not better yet."
    ),
    limits=(
        "An early state of a long run. It does not restore faces or lettering that cannot be "
        "recognized. On clean pictures it is less exact than balanced. It is not for screenshots "
        "and pixel art."
    ),
    choice="camera and web pictures, slower than photo",
)


@dataclass(frozen=True)
class Config(fast.Config):
    """The options of ``fast``, with larger defaults."""

    channels: int = 64
    blocks: int = 10
    convs: int = 3


PhotoLarge = fast.ConvStack
