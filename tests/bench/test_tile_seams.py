from pathlib import Path

import numpy as np

from sr_batch.bench.tile_seams import TileSeams, measure_seams
from tests.networks import block_network, conv_network

PICTURE = np.random.default_rng(0).integers(0, 256, (100, 90, 3), np.uint8)


def test_tiles_with_enough_overlap_change_nothing(tmp_path: Path) -> None:
    seam = measure_seams(conv_network(tmp_path / "n.onnx"), 2, PICTURE, "cpu")
    assert seam == TileSeams(levels=0, changed=0, samples=3 * 160 * 160)
    assert not seam.shows
    assert not measure_seams(block_network(tmp_path / "b.onnx"), 2, PICTURE, "cpu").shows


def test_finds_an_overlap_in_the_contract_that_is_too_small(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "n.onnx")
    path.write_bytes(path.read_bytes().replace(b"sr.overlap\x12\x012", b"sr.overlap\x12\x010"))
    seam = measure_seams(path, 2, PICTURE, "cpu")
    assert seam.levels > 1
    assert seam.shows
