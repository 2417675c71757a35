"""A picture, reduced by a protocol and enlarged again: what metrics and contact sheets compare."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sr_batch.bench.quality import (
    Levels,
    Lumas,
    bicubic_lumas,
    cropped,
    enlarger,
    network_lumas,
)
from sr_batch.core.arrays import FloatArray
from sr_batch.core.geometry import Size, Tile
from sr_batch.core.image import Image
from sr_batch.imaging.metrics import Plane, crop_border
from sr_batch.inference.session import Session
from sr_batch.upscaling import tile_pass
from sr_batch.upscaling.tiling import plan_tiles
from training.data.resize import upscale
from training.evaluate.protocol import DEFAULT, Protocol

_STUDIO_BLACK, _STUDIO_SPAN = 16.0, 219.0


@dataclass(frozen=True)
class Row:
    """One photograph in four versions, each uint8: LR (h, w, 3), the others (H, W, 3)."""

    lr: Levels
    bicubic: Levels
    sr: Levels
    hr: Levels


@dataclass(frozen=True)
class Pair:
    """What a metric compares, without the border.

    Attributes:
        sr: (H, W) or (H, W, 3), 0..255.
        hr: Of the same shape.
    """

    sr: Plane
    hr: Plane


@dataclass(frozen=True)
class Restored:
    """One picture, enlarged by bicubic and by a network, each beside the original."""

    bicubic: Pair
    network: Pair


def restored(picture: Levels, session: Session, protocol: Protocol = DEFAULT) -> Restored:
    """Reduce ``picture`` by ``protocol``, and enlarge it both ways.

    Args:
        picture: uint8 (H, W, 3), or (H, W, 1) for gray.
        session: The network.
        protocol: How LR is made, and what is compared.

    Raises:
        UnsupportedImage: the picture is too small to be measured.
    """
    if protocol.channel == "rgb":
        return _restored_rgb(picture, session, protocol)
    spec, reduce = session.spec, protocol.reduce(picture)
    network = network_lumas(picture, spec.scale, spec.color, enlarger(session), reduce)
    if protocol.degradation == "bicubic" or spec.color == "y":
        bicubic = bicubic_lumas(picture, spec.scale, reduce)
    else:  # of the very LR that the network gets: noise and JPEG differ between color and luma
        bicubic = network_lumas(picture, spec.scale, "rgb", _bicubic(spec.scale), reduce)
    border = protocol.border_at(spec.scale)
    return Restored(*(_luma_pair(each, protocol, border) for each in (bicubic, network)))


def compare(photograph: Levels, session: Session, protocol: Protocol = DEFAULT) -> Row:
    """Reduce ``photograph`` (H, W, 3) by ``protocol`` to 8-bit LR, and enlarge it both ways."""
    scale = session.spec.scale
    height, width = (side - side % scale for side in photograph.shape[:2])
    hr = photograph[:height, :width]
    lr = levels(protocol.reduce(photograph)(hr.astype(np.float32), scale).transpose(2, 0, 1))
    tiles = plan_tiles(Size(lr.shape[1], lr.shape[0]), 0, 0, session.spec.multiple)
    sr = tile_pass.upscale(Image(lr), session, tiles, session.spec.color, _one_by_one)
    enlarged = np.asarray(sr.color, np.uint8)
    return Row(lr, levels(upscale(lr, scale).numpy()), enlarged, hr)


def levels(chw: FloatArray) -> Levels:
    """Float (C, H, W), 0..255 -> uint8 (H, W, C)."""
    return np.ascontiguousarray(np.rint(chw).clip(0, 255).astype(np.uint8).transpose(1, 2, 0))


def _restored_rgb(picture: Levels, session: Session, protocol: Protocol) -> Restored:
    scale = session.spec.scale
    color = np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture
    row = compare(cropped(color, scale), session, protocol)
    border = protocol.border_at(scale)
    hr = crop_border(row.hr.astype(np.float32), border)
    pairs = (
        Pair(crop_border(each.astype(np.float32), border), hr) for each in (row.bicubic, row.sr)
    )
    return Restored(*pairs)


def _luma_pair(lumas: Lumas, protocol: Protocol, border: int) -> Pair:
    sr, hr = lumas.sr, lumas.hr
    if protocol.channel == "y-full":
        sr, hr = _full_range(sr), _full_range(hr)
    return Pair(crop_border(sr, border), crop_border(hr, border))


def _full_range(luma: FloatArray) -> FloatArray:
    return (luma - np.float32(_STUDIO_BLACK)) * np.float32(255 / _STUDIO_SPAN)


def _bicubic(scale: int) -> Callable[[FloatArray], FloatArray]:
    return lambda lr: upscale(lr.transpose(1, 2, 0), scale).numpy()


def _one_by_one(work: Callable[[Tile], None], tiles: Sequence[Tile]) -> None:
    for tile in tiles:
        work(tile)
