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
    strengths="Made to come near EDSR in a fraction of its time.",
    limits=(
        "Trained on clean bicubic LR: it restores what downscaling took away, and it also "
        "sharpens JPEG blocks and noise that are in the input. It invents no texture."
    ),
    choice="quality in less time",
)


@dataclass(frozen=True)
class Config(fast.Config):
    """The options of ``fast``, with larger defaults."""

    channels: int = 48
    blocks: int = 8
    convs: int = 3


Balanced = fast.ConvStack
