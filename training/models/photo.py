"""The network for real photographs: ``balanced``, with weights that learned from worn pictures."""

from training.models import balanced
from training.models.about import About

ABOUT = About(
    title="photo, the structure of balanced with weights for real photographs",
    paper=(
        'our own; it learned from the outputs of a network of Wang et al., "Real-ESRGAN: Training '
        'Real-World Blind Super-Resolution with Pure Synthetic Data", ICCVW 2021'
    ),
    summary=(
        "Eight residual blocks of three 3x3 convolutions with LeakyReLU and 48 channels at the "
        "input's resolution, one convolution and one shuffle, added to the bicubic image; RGB."
    ),
    published={},
    strengths="TODO",
    limits="TODO",
    choice="real photographs",
)

Config = balanced.Config
Photo = balanced.Balanced
