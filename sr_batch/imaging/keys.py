"""Keys' cubic convolution kernel with a = -0.5: what MATLAB's ``imresize`` calls bicubic."""

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float64]


def keys(x: Weights) -> Weights:
    """The kernel at the distances ``x``, in input pixels; 0 from 2 on.

    R. G. Keys, "Cubic Convolution Interpolation for Digital Image Processing", IEEE TASSP 1981.
    """
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
