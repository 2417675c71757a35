import numpy as np

from training.models.layers import Bicubic
from training.models.torch_session import TorchSession, unmeasured_spec
from training.release.verify_bound import least_consistency


def test_a_darker_output_has_a_lower_bound() -> None:
    crops = [np.random.default_rng(0).random((1, 40, 52), np.float32)]
    spec = unmeasured_spec("bicubic", 2, "y")
    faithful = least_consistency(TorchSession(Bicubic(2), spec), crops)
    assert faithful > 20
    enlarge = Bicubic(2)
    enlarge.phases.weight *= 0.8  # darker by a fifth
    assert least_consistency(TorchSession(enlarge, spec), crops) < faithful - 5
