"""Dead-leaves pictures: overlapping shapes cut from photographs, with sharp edges.

Photographs have few edges that are as sharp as pixels allow, because lenses, demosaicing and JPEG
soften them. These pictures have exact outlines and natural content. The model is that of Lee,
Mumford and Huang, "Occlusion Models for Natural Images", IJCV 2001. Achddou, Gousseau and Ladjal,
"Synthetic Images as a Regularity Prior for Image Restoration Neural Networks", SSVM 2021, show
that networks learn from it.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from training.data.corpus import Corpus, pair, whole_too
from training.data.pictures import Color

_Plane = np.ndarray  # float32 (H, W)
_FEWEST, _MOST = 6, 39  # leaves per picture


def add_leaves(corpus: Corpus, color: Color, count: int, seed: int) -> Corpus:
    """Append ``count`` dead-leaves pictures, made from the photographs of ``corpus``.

    Args:
        corpus: Photographs. If a teacher's output is with them, each new picture is its own
            teacher output.
        color: Color of the corpus.
        count: Number of pictures; 0 returns ``corpus`` itself.
        seed: Seed of the random numbers.
    """
    if not count:
        return corpus
    rng, tiles = np.random.default_rng(seed), corpus.hr.permute(0, 2, 3, 1).numpy()
    made = pair([dead_leaves(tiles, rng) for _ in range(count)], corpus.scale, color)
    taught = None if corpus.taught is None else torch.cat([corpus.taught, made.hr.half()])
    hr, lr = torch.cat([corpus.hr, made.hr]), torch.cat([corpus.lr, made.lr])
    return replace(corpus, hr=hr, lr=lr, taught=taught, extent=whole_too(corpus, count))


def dead_leaves(tiles: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One picture: leaves on a photograph.

    Args:
        tiles: Photographs, uint8 (N, H, W, C).
        rng: Source of the random numbers.

    Returns:
        uint8 (H, W, C).
    """
    picture = _one_of(tiles, rng)
    for _ in range(rng.integers(_FEWEST, _MOST, endpoint=True)):
        cover = _cover(picture.shape[:2], rng)[..., None]
        picture += cover * (_inside(tiles, rng) - picture)
    return np.rint(picture.clip(0, 255)).astype(np.uint8)


def _one_of(tiles: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return tiles[rng.integers(len(tiles))].astype(np.float32)


def _inside(tiles: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The content of a leaf: a photograph in another light, or one color, shaded or not."""
    photograph = _one_of(tiles, rng)
    if rng.random() < 0.5:
        return photograph * np.float32(rng.uniform(0.5, 1.2)) + np.float32(rng.uniform(-40, 40))
    height, width, _ = photograph.shape
    color = photograph[rng.integers(height), rng.integers(width)]
    if rng.random() < 0.3:
        color = np.full_like(color, rng.choice([0, 20, 235, 255]))
    shade = np.linspace(-1, 1, height, dtype=np.float32) * rng.choice([0, rng.uniform(-40, 40)])
    return color + shade.astype(np.float32)[:, None, None]


def _cover(size: tuple[int, int], rng: np.random.Generator) -> _Plane:
    """Coverage of each pixel by a leaf, 0..1. Most outlines are sharp, some are out of focus."""
    height, width = size
    top, left = rng.uniform(0, height), rng.uniform(0, width)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(top)
    x = np.arange(width, dtype=np.float32)[None] - np.float32(left)
    shape = _SHAPES[rng.integers(len(_SHAPES))]
    softness = rng.uniform(1, 4) if rng.random() < 0.3 else 1.0
    return np.clip(shape(y, x, height, rng) / np.float32(softness) + np.float32(0.5), 0, 1)


def _radius(side: int, rng: np.random.Generator) -> float:
    """A random radius in pixels; small ones are more frequent."""
    return 2 + side / 2 * float(rng.uniform(0.04, 1)) ** 1.5


def _blob(y: _Plane, x: _Plane, side: int, rng: np.random.Generator) -> _Plane:
    """Distance in pixels to a wavy round outline, positive inside."""
    z = x + 1j * y
    distance = np.abs(z)
    turn = z / np.maximum(distance, np.float32(1e-3))
    wave, outline = np.ones_like(turn), np.ones_like(distance)
    for n in range(1, 6):
        wave *= turn
        factor = np.complex64(rng.uniform(-0.35, 0.35) / n * np.exp(1j * rng.uniform(0, 6.3)))
        outline += (factor * wave).real
    return np.float32(_radius(side, rng)) * outline - distance


def _polygon(y: _Plane, x: _Plane, side: int, rng: np.random.Generator) -> _Plane:
    """Distance in pixels to the outline of a convex polygon, positive inside."""
    corners = rng.integers(3, 8)
    radius = _radius(side, rng)
    angles = 2 * np.pi / corners * (np.arange(corners) + rng.uniform(0, 0.8, corners))
    distance = np.full(np.broadcast_shapes(y.shape, x.shape), np.inf, np.float32)
    for angle in angles:
        along = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
        np.minimum(distance, np.float32(radius * rng.uniform(0.4, 1.3)) - along, out=distance)
    return distance


def _stripe(y: _Plane, x: _Plane, side: int, rng: np.random.Generator) -> _Plane:
    """Distance in pixels to the edges of a curved stripe, 1 to 16 pixels wide, positive inside."""
    radius, angle = side * rng.uniform(0.1, 1.5) ** 3, rng.uniform(0, 6.3)
    middle_y, middle_x = np.float32(radius * np.sin(angle)), np.float32(radius * np.cos(angle))
    width = np.float32(16 ** rng.random())
    return width / 2 - np.abs(np.hypot(y - middle_y, x - middle_x) - np.float32(radius))


_SHAPES: tuple[Callable[[_Plane, _Plane, int, np.random.Generator], _Plane], ...] = (
    _blob,
    _polygon,
    _stripe,
)
