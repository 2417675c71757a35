"""Our own network between speed and quality: ``fast``, wider and deeper."""

from dataclasses import dataclass

from training.models import fast
from training.models.about import About

ABOUT = About(
    title="balanced, 8 blocks of 3 convolutions with 48 channels",
    paper=(
        'our own; the sub-pixel tail is that of Shi et al., "Real-Time Single Image and Video '
        'Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", CVPR 2016'
    ),
    summary=(
        "Residual blocks of three 3x3 convolutions with LeakyReLU at the input's resolution, one "
        "convolution and one shuffle, added to the bicubic image; RGB."
    ),
    published={},
    strengths=(
        "Crisp outlines, stripes and large lettering in full color; hard to tell from edsr by eye."
    ),
    limits=(
        "Made for clean pictures. On pictures with visible noise or JPEG blocks, it sharpens "
        "these, too. It invents nothing: distant faces, fur and small print stay soft."
    ),
    choice="clean pictures; as good as edsr",
)


@dataclass(frozen=True)
class Config(fast.Config):
    """The options of ``fast``, with larger defaults."""

    channels: int = 48
    blocks: int = 8
    convs: int = 3


Balanced = fast.ConvStack
