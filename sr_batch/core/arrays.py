"""Types of arrays that several packages use."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
"""Samples in float32, on the scale that each function states."""
