"""Patterns of single pixels: checkerboards, stripes and dither, as on screens and in pixel art.

Photographs hold none at full contrast, and a network that has seen only photographs may turn one
into a color. LR is the pattern itself, and HR shows each of its pixels as a square.
"""

from dataclasses import replace

import numpy as np
import torch

from training.data.corpus import Corpus, whole_too

_CELLS = (1, 1, 1, 2, 3)  # LR pixels; single pixels are the hardest


def add_patterns(corpus: Corpus, count: int, seed: int) -> Corpus:
    """Append ``count`` patterns to ``corpus``; each is its own teacher output. 0 returns it.

    They have the size of the tiles, and no padding.
    """
    if not count:
        return corpus
    rng = np.random.default_rng(seed)
    channels, height, width = corpus.lr.shape[1:]
    squares = np.stack([_quarters(max(height, width), channels, rng) for _ in range(count)])
    made = squares[..., :height, :width]
    hr = torch.from_numpy(made.repeat(corpus.scale, 2).repeat(corpus.scale, 3))
    lr = torch.from_numpy(made).to(corpus.lr.dtype)
    taught = None if corpus.taught is None else torch.cat([corpus.taught, hr.half()])
    hr, lr = torch.cat([corpus.hr, hr]), torch.cat([corpus.lr, lr])
    return replace(corpus, hr=hr, lr=lr, taught=taught, extent=whole_too(corpus, count))


def _quarters(side: int, channels: int, rng: np.random.Generator) -> np.ndarray:
    """Four patterns in a square, uint8 (C, side, side)."""
    tile = np.empty((channels, side, side), np.uint8)
    half = side // 2
    for rows in (slice(half), slice(half, side)):
        for columns in (slice(half), slice(half, side)):
            tile[:, rows, columns] = _colored(_pattern(side, rng), channels, rng)[:, rows, columns]
    return tile


def _pattern(side: int, rng: np.random.Generator) -> np.ndarray:
    """A pattern of two values, bool (side, side)."""
    y, x = np.indices((side, side)) // rng.choice(_CELLS)
    kinds = ((y + x) % 2 == 0, y % 2 == 0, x % 2 == 0, rng.random((side, side)) < rng.uniform())
    return kinds[rng.choice(4, p=(0.5, 0.15, 0.15, 0.2))]


def _colored(pattern: np.ndarray, channels: int, rng: np.random.Generator) -> np.ndarray:
    """The pattern in black and white, in grays or in two colors, uint8 (C, side, side)."""
    if rng.random() < 0.5:
        colors = np.array([[0] * channels, [255] * channels], np.uint8)
    else:
        colors = rng.integers(0, 256, (2, channels), np.uint8)
        if rng.random() < 0.5:
            colors[:] = colors[:, :1]
    return colors[pattern.astype(int)].transpose(2, 0, 1)
