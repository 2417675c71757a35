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
    strengths=(
        "For pictures from cameras, phones and the web, in the time of balanced: it takes away "
        "JPEG blocks, ringing and most noise, which the other networks sharpen, and draws "
        "edges, whiskers and lettering cleanly."
    ),
    limits=(
        "Fur, foliage and stone are smoother than in the original, and even areas have a fine "
        "grain, which is a mesh at high zoom. Patches of color that strong JPEG compression left "
        "in faces and in saturated red remain. It does not bring back faces or lettering beyond "
        "recognition. Of strong noise that was never a JPEG, a grain is left, and blotches of "
        "color noise stay. On clean pictures it is less exact than balanced, and takes faint "
        "lines for noise. It is not for screenshots and pixel art."
    ),
    choice="camera and web pictures",
)

Config = balanced.Config
Photo = balanced.Balanced
