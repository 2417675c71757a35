"""Plans one pass: the color mode, the overlap and the tiles with which a network enlarges. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from sr_batch.core.geometry import Size, Tile
from sr_batch.core.model_spec import Color, ModelSpec
from sr_batch.core.options import UpscaleOptions
from sr_batch.imaging import bicubic
from sr_batch.upscaling.tiling import plan_auto, plan_fixed, plan_tiles, plan_whole


@dataclass(frozen=True)
class DeviceNeeds:
    """What the device of a network asks of tiles.

    Attributes:
        tile: Longest side in LR pixels of the tiles that were measured to be fast; None if none is
            faster than the usual ones.
        window: Side in LR pixels of the windows; None if any size will do.
        threads: How many tiles are computed at a time.
    """

    tile: int | None
    window: int | None
    threads: int


@dataclass(frozen=True)
class PassPlan:
    """How an image goes through one network.

    Attributes:
        mode: Whether the network gets RGB or luma.
        overlap: LR pixels of context around the core of a tile.
        tiles: They cover the image once.
    """

    mode: Color
    overlap: int
    tiles: Sequence[Tile]


def plan_pass(size: Size, spec: ModelSpec, options: UpscaleOptions, needs: DeviceNeeds) -> PassPlan:
    """Plan the pass of an image of ``size``: by mode, tile and overlap of ``options``."""
    mode: Color = spec.color if options.mode == "auto" else options.mode
    overlap = _overlap(spec, options, mode)
    return PassPlan(mode, overlap, _tiles(size, spec, options, needs, overlap))


def seam_notes(spec: ModelSpec, plan: PassPlan) -> tuple[str, ...]:
    """A note if the tiles of a pass differ from the whole picture."""
    count = len(plan.tiles)
    if not spec.seam or count <= 1:
        return ()
    seen = "the whole picture" if spec.whole else "beyond their overlap"
    return (
        f"computed in {count} tiles, although {spec.name} x{spec.scale} sees {seen}:"
        f" tiles changed a test picture by up to {spec.seam:g} levels of 255",
    )


def _overlap(spec: ModelSpec, options: UpscaleOptions, mode: Color) -> int:
    chosen = options.overlap
    if chosen == "auto":
        chosen = spec.overlap
    elif chosen == "full":
        chosen = spec.full_overlap
    pixels = min(chosen, min(spec.window_sides) // 4) if spec.window else chosen
    return max(pixels, bicubic.REACH) if mode == "y" else pixels


def _tiles(
    size: Size, spec: ModelSpec, options: UpscaleOptions, needs: DeviceNeeds, overlap: int
) -> Sequence[Tile]:
    """The wanted tiles, or smaller ones if the network was not tried on such long ones."""
    tiles = _wanted_tiles(size, spec, options, needs, overlap)
    longest = max(max(tile.window.size.width, tile.window.size.height) for tile in tiles)
    if not spec.most_side or spec.whole or longest <= spec.most_side:
        return tiles
    context = 2 * (overlap + spec.multiple - 1)
    core = max(spec.most_side - context, spec.most_side // 2)
    return plan_tiles(size, core, overlap, spec.multiple)


def _wanted_tiles(
    size: Size, spec: ModelSpec, options: UpscaleOptions, needs: DeviceNeeds, overlap: int
) -> Sequence[Tile]:
    if spec.window:
        return plan_fixed(size, spec.window, overlap, spec.multiple, spec.window_rows)
    if spec.whole and options.tile is None:
        return plan_whole(size, overlap, spec.multiple, needs.threads, spec.pixel_bytes)
    tile = needs.tile if options.tile is None else options.tile
    if tile is None and needs.window:
        return plan_fixed(size, needs.window, overlap, spec.multiple)
    if tile is None:
        return plan_auto(size, overlap, spec.multiple, needs.threads, spec.pixel_bytes)
    return plan_tiles(size, tile, overlap, spec.multiple)
