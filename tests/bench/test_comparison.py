import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.bench import comparison
from sr_batch.bench.comparison import (
    Cell,
    Photograph,
    choose_models,
    compare,
    groups,
    require_inside,
)
from sr_batch.core.errors import UnknownModel, UsageError
from sr_batch.core.geometry import Region, Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.imaging.resample import resize
from sr_batch.inference.model_catalog import find_models
from sr_batch.upscaling.upscaler import Upscaler
from tests.networks import block_network, conv_network
from training.models import MODELS

WIDTH, HEIGHT = 61, 47
FOR_TABLES = {
    "autoencoder",
    "esrgan",
    "refiner",
    "resnet",
    "rrdb",
    "srcnn",
    "srcnn_deep",
    "vdsr",
}
OPTIONS = UpscaleOptions(scale=2, device="cpu", jobs=1)


def picture(kind: str) -> Image:
    random = np.random.default_rng(5)
    channels = 1 if "gray" in kind else 3
    dtype: type[np.uint8 | np.uint16] = np.uint16 if "16" in kind else np.uint8
    most = np.iinfo(dtype).max
    color = random.integers(0, most, (HEIGHT, WIDTH, channels), dtype)
    alpha = random.integers(1, most, (HEIGHT, WIDTH), dtype) if "alpha" in kind else None
    return Image(color, alpha)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("networks")
    return {
        "rgb": str(conv_network(folder / "conv_x2.onnx")),
        "y": str(conv_network(folder / "luma_x2.onnx", color="y")),
        "blocks": str(block_network(folder / "block_x2.onnx")),
    }


@pytest.fixture
def whole(made: dict[str, str]) -> Callable[[str, str], Image]:
    def enlarge(model: str, kind: str) -> Image:
        options = UpscaleOptions(model=made[model], scale=2, device="cpu", jobs=1)
        with Upscaler(options, lambda line: None) as upscaler:
            return upscaler(picture(kind), "", lambda pixels: None, threading.Event()).image

    return enlarge


PARTS = (Region(0, 0, 9, 9), Region(20, 17, 33, 22), Region(50, 40, 61, 47), Region(0, 0, 61, 47))


@pytest.mark.parametrize("kind", ["rgb", "rgb alpha", "gray", "gray 16 alpha", "rgb 16"])
@pytest.mark.parametrize("model", ["rgb", "y", "blocks"])
def test_a_part_is_what_the_whole_picture_would_be_there(
    made: dict[str, str], whole: Callable[[str, str], Image], model: str, kind: str
) -> None:
    photo, chosen = Photograph("a", picture(kind), PARTS), choose_models([made[model]], 2, "fp32")
    expected = whole(model, kind)
    for part, row in zip(PARTS, compare([photo], chosen, OPTIONS, print), strict=True):
        spot = (part * 2).slices
        np.testing.assert_allclose(row[2].image.color, expected.color[spot], atol=1, rtol=0)
        if expected.alpha is not None:
            assert row[2].image.alpha is not None
            np.testing.assert_allclose(row[2].image.alpha, expected.alpha[spot], atol=1, rtol=0)


@given(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.integers(1, 30))
def test_the_plain_cells_need_no_network(left: int, top: int, side: int) -> None:
    image = picture("rgb")
    part = Region(left, top, left + side, top + side).clamp(image.size)
    ((repeated, smooth),) = compare([Photograph("a", image, [part])], [], OPTIONS, print)
    spot = (part * 2).slices
    np.testing.assert_array_equal(repeated.image.color[::2, ::2], image.color[part.slices])
    whole = resize(image.color, image.size * 2, "bicubic")
    np.testing.assert_allclose(smooth.image.color, whole[spot], atol=1, rtol=0)


def test_every_part_of_every_photograph_has_a_row(made: dict[str, str]) -> None:
    photos = [
        Photograph("a", picture("rgb"), PARTS[:2]),
        Photograph("b", picture("gray"), PARTS[:1]),
    ]
    begun: list[str] = []
    chosen = choose_models([made["rgb"], made["y"], made["rgb"]], 2, "fp32")
    rows = compare(photos, chosen, OPTIONS, print, begun.append)
    assert begun == [made["rgb"], made["y"]]  # each is opened once
    assert [[cell.name for cell in row] for row in rows] == [
        ["your pixels, x2", "bicubic x2", "small x2", "small x2"]
    ] * 3
    assert all(cell.seconds and cell.seconds > 0 for row in rows for cell in row[2:])
    drawn = groups(photos, rows)
    assert [group.heading for group in drawn] == [
        "a: 9x9 pixels at 0,0 of 61x47",
        "a: 13x5 pixels at 20,17 of 61x47",
        "b: 9x9 pixels at 0,0 of 61x47",
    ]
    assert drawn[0].panels[0].detail == ""
    assert drawn[0].panels[2].detail.startswith("whole picture: about ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0123, "0.012 s"), (9.99, "10 s"), (99.9, "100 s"), (119, "2 min"), (7200, "2.0 h")],
)
def test_states_the_cost_of_the_whole_picture(seconds: float, text: str) -> None:
    photo = Photograph("a", picture("rgb"), PARTS[:1])
    cell = Cell("edsr x2", picture("rgb"), seconds)
    ((panel,),) = (group.panels for group in groups([photo], [[cell]]))
    assert panel.detail == f"whole picture: about {text}"


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_default_is_what_is_for_real_use(scale: int) -> None:
    chosen = [each.model for each in choose_models([], scale, "fp32")]
    families = {each.name for each in find_models() if each.scale == scale}
    assert set(chosen) == families - FOR_TABLES
    assert {"balanced", "edsr", "espcn", "fast"} <= set(chosen)


def test_the_cards_say_which_networks_are_for_comparison() -> None:
    families = {each.name for each in find_models()} & MODELS.keys()
    cards = {name for name in families if MODELS[name].about.choice.startswith("comparison")}
    assert cards == FOR_TABLES & families


@pytest.mark.parametrize(
    ("names", "scale", "words"),
    [
        (["edrs"], 2, "did you mean edsr?"),
        (["refiner"], 2, "--scale 2: refiner exists for x4; choose such a --scale"),
        ([], 5, "--scale 5: no model enlarges 5 times; there are x2, x3, x4"),
    ],
)
def test_refuses_models_that_do_not_exist(names: list[str], scale: int, words: str) -> None:
    with pytest.raises(UnknownModel, match=words.replace("?", r"\?")):
        choose_models(names, scale, "fp32")


def test_refuses_a_precision_that_a_network_lacks() -> None:
    with pytest.raises(
        UnknownModel, match="refiner x4 has no int8 file, only fp16 and fp32; leave out"
    ):
        choose_models(["refiner"], 4, "int8")
    assert len(choose_models(["refiner"], 4, "auto")) == 1
    assert {each.model for each in choose_models([], 4, "int8")} >= {"balanced", "edsr"}


@pytest.mark.parametrize(
    ("precision", "label"), [("fp32", "fast x2"), ("int8", "fast x2 int8"), ("auto", "fast x2")]
)
def test_names_the_precision_unless_it_is_the_usual_one(precision: Any, label: str) -> None:
    photo = Photograph("a", picture("rgb"), PARTS[:1])
    options = OPTIONS if precision == "auto" else replace(OPTIONS, precision=precision)
    ((_, _, cell),) = compare([photo], choose_models(["fast"], 2, precision), options, print)
    assert cell.name == label


@pytest.mark.parametrize("part", [(60, 0, 2, 2), (0, 46, 1, 2), (100, 100, 5, 5)])
def test_refuses_a_part_outside(part: tuple[int, int, int, int]) -> None:
    left, top, width, height = part
    region = Region(left, top, left + width, top + height)
    with pytest.raises(UsageError, match=rf"a\.jpg: --crop {left},{top},.* which is 61x47"):
        require_inside("a.jpg", picture("rgb"), region)
    require_inside("a.jpg", picture("rgb"), Region(0, 0, 61, 47))


def test_only_the_part_is_computed(made: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Size] = []

    class Noting(Upscaler):
        def __call__(self, image: Image, *rest: object) -> object:  # type: ignore[override]
            seen.append(image.size)
            return super().__call__(image, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(comparison, "Upscaler", Noting)
    photo = Photograph("a", picture("rgb"), [Region(20, 17, 33, 22)])
    compare([photo], choose_models([made["rgb"]], 2, "fp32"), OPTIONS, print)
    assert seen == [Size(13 + 4, 5 + 4)]  # two pixels of context on every side
