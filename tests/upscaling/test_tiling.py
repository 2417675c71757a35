import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.core.geometry import Region, Size, Tile
from sr_batch.upscaling.tiling import plan_auto, plan_fixed, plan_tiles, plan_whole, split

SIZES = st.builds(Size, st.integers(1, 200), st.integers(1, 200))
OVERLAPS = st.integers(0, 24)
MULTIPLES = st.integers(1, 8)


def times_covered(size: Size, tiles: tuple[Tile, ...]) -> np.ndarray:
    count = np.zeros((size.height, size.width), int)
    for tile in tiles:
        count[tile.core.slices] += 1
    return count


def with_context(core: Region, overlap: int, size: Size) -> Region:
    """``core`` and ``overlap`` pixels on every side, as far as the image reaches."""
    left, top = core.left - overlap, core.top - overlap
    return Region(left, top, core.right + overlap, core.bottom + overlap).clamp(size)


def require_context(size: Size, tiles: tuple[Tile, ...], overlap: int, multiple: int) -> None:
    """Windows contain the context, and stay within the image and on the network's grid."""
    for tile in tiles:
        window, needed = tile.window, with_context(tile.core, overlap, size)
        assert window == window.clamp(size)
        assert window.left <= needed.left and needed.right <= window.right
        assert window.top <= needed.top and needed.bottom <= window.bottom
        assert window.left % multiple == window.top % multiple == 0
        assert window.right % multiple == 0 or window.right == size.width
        assert window.bottom % multiple == 0 or window.bottom == size.height


def padded(side: int, multiple: int) -> int:
    return side + -side % multiple


@given(SIZES, st.just(0) | st.integers(8, 80), OVERLAPS, MULTIPLES)
def test_covers_every_pixel_once(size: Size, core: int, overlap: int, multiple: int) -> None:
    tiles = plan_tiles(size, core, overlap, multiple)
    assert (times_covered(size, tiles) == 1).all()
    require_context(size, tiles, overlap, multiple)


@given(SIZES, st.just(0) | st.integers(8, 80), OVERLAPS, MULTIPLES)
def test_windows_have_one_size_and_are_not_larger_than_needed(
    size: Size, core: int, overlap: int, multiple: int
) -> None:
    tiles = plan_tiles(size, core, overlap, multiple)
    assert len({padded(tile.window.size.width, multiple) for tile in tiles}) == 1
    assert len({padded(tile.window.size.height, multiple) for tile in tiles}) == 1
    widest = max(with_context(tile.core, overlap, size).size.width for tile in tiles)
    assert tiles[0].window.size.width < widest + 2 * multiple
    assert all(tile.window.size == tile.core.size for tile in plan_tiles(size, 0, overlap, 1))


@given(SIZES, st.integers(8, 80))
def test_cores_are_balanced_and_not_larger_than_asked(size: Size, core: int) -> None:
    sizes = [tile.core.size for tile in plan_tiles(size, core, 4, 1)]
    widths, heights = [s.width for s in sizes], [s.height for s in sizes]
    assert max(widths) <= core
    assert max(heights) <= core
    assert max(widths) - min(widths) <= 1
    assert max(heights) - min(heights) <= 1


def test_zero_means_one_tile() -> None:
    size = Size(5000, 3000)
    whole = Region(0, 0, 5000, 3000)
    assert plan_tiles(size, 0, 12, 1) == (Tile(whole, whole),)


def test_tiles_are_ordered_row_by_row() -> None:
    cores = [tile.core for tile in plan_tiles(Size(4, 2), 2, 0, 1)]
    assert cores == [Region(0, 0, 2, 2), Region(2, 0, 4, 2)]


@given(SIZES, OVERLAPS, MULTIPLES, st.data())
def test_splits_one_region_of_an_image(
    size: Size, overlap: int, multiple: int, data: st.DataObject
) -> None:
    whole = data.draw(st.sampled_from(plan_tiles(size, 64, overlap, multiple))).core
    parts = split(whole, size, 32, overlap, multiple)
    inside = times_covered(size, parts)
    assert (inside[whole.slices] == 1).all()
    assert inside.sum() == whole.size.pixels
    require_context(size, parts, overlap, multiple)


@given(SIZES, OVERLAPS, MULTIPLES, st.integers(1, 64))
def test_plans_any_image_automatically(
    size: Size, overlap: int, multiple: int, threads: int
) -> None:
    tiles = plan_auto(size, overlap, multiple, threads)
    assert (times_covered(size, tiles) == 1).all()
    require_context(size, tiles, overlap, multiple)


@given(SIZES, st.integers(8, 80), OVERLAPS, MULTIPLES)
def test_windows_of_a_fixed_size_cover_every_pixel_once(
    size: Size, window: int, overlap: int, multiple: int
) -> None:
    tiles = plan_fixed(size, window, overlap, multiple)
    assert (times_covered(size, tiles) == 1).all()
    require_context(size, tiles, overlap, multiple)


@given(SIZES, st.integers(8, 80), OVERLAPS, MULTIPLES)
def test_windows_of_a_fixed_size_have_it_in_every_image(
    size: Size, window: int, overlap: int, multiple: int
) -> None:
    fixed = padded(max(window, 4 * overlap, 4 * multiple), multiple)
    for tile in plan_fixed(size, window, overlap, multiple):
        for whole, part in (
            (size.width, tile.window.size.width),
            (size.height, tile.window.size.height),
        ):
            assert padded(part, multiple) == min(fixed, padded(whole, multiple))


@given(SIZES, st.integers(8, 80), OVERLAPS)
def test_windows_of_a_fixed_size_are_few_and_their_cores_balanced(
    size: Size, window: int, overlap: int
) -> None:
    tiles = plan_fixed(size, window, overlap, 1)
    fixed = max(window, 4 * overlap, 4)
    for sides, whole in (
        ([tile.core.size.width for tile in tiles], size.width),
        ([tile.core.size.height for tile in tiles], size.height),
    ):
        assert max(sides) - min(sides) <= 1
        # With one tile fewer, a middle tile would not fit.
        assert whole <= fixed or 2 * max(sides) > fixed - 2 * overlap


def halo(size: Size, overlap: int, threads: int) -> float:
    """Pixels that the network computes / pixels of the image."""
    tiles = plan_auto(size, overlap, 1, threads)
    return sum(tile.window.size.pixels for tile in tiles) / size.pixels


@pytest.mark.parametrize("size", [Size(866, 577), Size(700, 700), Size(1155, 866), Size(500, 2000)])
def test_context_is_cheap_on_photographs(size: Size) -> None:
    assert halo(size, 12, threads=2) <= 1.05
    assert len(plan_auto(size, 12, 1, threads=2)) >= 2


@pytest.mark.parametrize("threads", [1, 2, 4, 64])
def test_context_never_costs_much(threads: int) -> None:
    assert halo(Size(6000, 4000), 12, threads) <= 1.2


def test_a_small_image_is_not_cut_only_to_use_all_threads() -> None:
    assert len(plan_auto(Size(120, 90), 12, 1, threads=8)) == 1


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("pixel_bytes", [640, 1280, 5000])
def test_large_images_stay_in_memory(threads: int, pixel_bytes: int) -> None:
    tiles = plan_auto(Size(6000, 4000), 6, 1, threads, pixel_bytes)
    assert threads * max(tile.window.size.pixels for tile in tiles) * pixel_bytes <= 700 << 20


def test_a_picture_that_fits_is_not_cut_for_a_network_that_sees_the_whole() -> None:
    assert len(plan_whole(Size(700, 700), 12, 1, threads=8, pixel_bytes=1280)) == 1


def test_a_picture_that_does_not_fit_is_cut_for_it_nevertheless() -> None:
    size, two = Size(6000, 4000), 2
    for pixel_bytes in (1280, 8 << 10):
        tiles = plan_whole(size, 32, 2, two, pixel_bytes)
        largest = max(tile.window.size.pixels for tile in tiles)
        assert 0.8 * 700 < largest * two * pixel_bytes / 2**20 <= 700
    # More context than that would cost too much; there is no limit to what a pixel takes.
    assert max(tile.core.size.width for tile in plan_whole(size, 32, 2, two, 1 << 20)) == 64
