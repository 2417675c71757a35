"""Pixel losses by name: each maps SR and HR (B, C, H, W), 0..1, to a scalar."""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F

from training.data.gaussian_blur import gaussian_blur

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Weights = Mapping[str, float]
"""Name of a loss -> its weight in the sum."""

_RADIUS, _SIGMA = 5, 1.5
_PERIODS = 4
_C1, _C2 = 0.01**2, 0.03**2


def charbonnier(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Smooth L1: sqrt(d^2 + 1e-6). Lai et al. 2017 (LapSRN), section 3.3."""
    return torch.sqrt((sr - hr).square() + 1e-6).mean()


def ssim(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """1 - SSIM with a Gaussian window of 11x11, sigma 1.5. Wang et al. 2004, section III-B."""
    mean_sr, mean_hr = _blur(sr), _blur(hr)
    var_sr = _blur(sr * sr) - mean_sr.square()
    var_hr = _blur(hr * hr) - mean_hr.square()
    cov = _blur(sr * hr) - mean_sr * mean_hr
    luminance = (2 * mean_sr * mean_hr + _C1) / (mean_sr.square() + mean_hr.square() + _C1)
    structure = (2 * cov + _C2) / (var_sr + var_hr + _C2)
    return 1 - (luminance * structure).mean()


def gradient(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """L1 between the differences of neighbouring pixels, along rows and along columns."""
    difference = sr - hr
    return difference.diff(dim=-1).abs().mean() + difference.diff(dim=-2).abs().mean()


def luma(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """L1 of the BT.601 luma of RGB, the plane that PSNR-Y measures."""
    return _to_luma(sr - hr).abs().mean()


def psnr(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """60 dB minus the mean PSNR-Y of the patches.

    Halving the error of a patch gains the same for an easy patch as for a hard one, as in the
    published tables. Chen et al. 2021 (HINet), section 3.3.
    """
    error = sr - hr
    plane = _to_luma(error) if error.shape[1] == 3 else error[:, 0]
    return 60 + 10 * torch.log10(plane.square().mean((1, 2)) + 1e-6).mean()


def fft(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """L1 between the orthonormal spectra, over real and imaginary parts."""
    spectrum = torch.fft.rfft2(sr.float() - hr.float(), norm="ortho")
    return torch.view_as_real(spectrum).abs().mean()


def consistency(scale: int) -> Loss:
    """L1 between both pictures, reduced to LR by antialiased bicubic.

    LR determines this part of the picture, so it is a target without noise. Without this loss, an
    output may differ from its own input by as much as the guessed details do.
    """

    def loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        size = [side // scale for side in sr.shape[-2:]]
        return F.interpolate(sr - hr, size, mode="bicubic", antialias=True).abs().mean()

    return loss


def mesh(scale: int) -> Loss:
    """L1 of the error that repeats with every LR pixel: the mean error at each place of its square.

    A perceptual loss takes a mesh with the period of the shuffle for texture, but it is visible in
    smooth areas. The means are over windows of 4 LR pixels: grain partly cancels there, a mesh does
    not. In windows of 12, a mesh whose sign follows the picture cancels, too.
    """

    def loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        height, width = (side - side % scale for side in sr.shape[-2:])
        places = F.pixel_unshuffle((sr - hr)[..., :height, :width], scale)
        window = min(_PERIODS, *places.shape[-2:])
        means = F.avg_pool2d(places, window, stride=max(1, window // 2))
        means = means.unflatten(1, (sr.shape[1], scale**2))
        return (means - means.mean(2, keepdim=True)).abs().mean()

    return loss


LOSSES: dict[str, Loss] = {
    "l1": F.l1_loss,
    "mse": F.mse_loss,
    "charbonnier": charbonnier,
    "ssim": ssim,
    "gradient": gradient,
    "luma": luma,
    "psnr": psnr,
    "fft": fft,
}


def total(weights: Weights, losses: Mapping[str, Loss] = LOSSES) -> Loss:
    """The sum of the ``losses`` that ``weights`` names, each times its weight, if not 0."""
    return lambda sr, hr: torch.stack(
        [weight * losses[name](sr, hr) for name, weight in weights.items() if weight]
    ).sum()


def describe(weights: Weights) -> str:
    """The sum as text: ``l1 + 0.05 fft``."""
    return " + ".join(
        name if weight == 1 else f"{weight:g} {name}" for name, weight in weights.items()
    )


def _to_luma(rgb: torch.Tensor) -> torch.Tensor:
    """(B, 3, H, W) -> (B, H, W)."""
    return (rgb * rgb.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1)


def _blur(x: torch.Tensor) -> torch.Tensor:
    return gaussian_blur(x, _SIGMA, _RADIUS)
