"""What `sr_batch.upscale` takes, and what it says about arguments that it cannot take."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sr_batch
from sr_batch.api.arguments import named, named_in, read_options
from sr_batch.core.errors import UnsupportedImage, UsageError
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, Failed, NotRun, Skipped


def read(**options: Any) -> UpscaleOptions:
    model, scale = options.pop("model", "espcn"), options.pop("scale", None)
    return read_options("upscale", model, scale, options, pytest.fail)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"scale": "2"}, {"scale": 2.0}),
        ({"scale": np.float32(1.5)}, {"scale": 1.5}),
        ({"width": "800"}, {"width": 800}),
        ({"width": 800.0}, {"width": 800}),
        ({"megapixels": "2.5"}, {"megapixels": 2.5}),
        ({"tile": "auto"}, {"tile": None}),
        ({"tile": "64", "overlap": "full"}, {"tile": 64, "overlap": "full"}),
        ({"overlap": "8"}, {"overlap": 8}),
        ({"quality": "90", "format": "JPEG"}, {"quality": 90, "format": "jpg"}),
        ({"include": "*.jpg"}, {"include": ("*.jpg",)}),
        ({"exclude": ["a", "b"]}, {"exclude": ("a", "b")}),
        ({"color_lock": None, "strength": None}, {}),
        ({"verify": True}, {"verify": True}),
    ],
    ids=str,
)  # fmt: skip
def test_takes_what_the_command_line_takes(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert read(**given) == UpscaleOptions(model="espcn", **wanted)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"qualty": 9}, r"^upscale\(\) has no option 'qualty'; did you mean 'quality'\?$"),
        ({"xyz": 9}, r"^upscale\(\) has no option 'xyz'$"),
        ({"scale": "4x"}, "^scale=4x: must be a number, above 0 and at most 64$"),
        ({"scale": 0}, "^scale=0: must be above 0"),
        ({"mode": "bgr"}, "^mode bgr: must be one of auto, rgb, y$"),
        ({"mode": 3}, "^mode=3: must be text$"),
        ({"format": 3}, "^format=3: must be text$"),
        ({"model": 3}, "^model=3: must be text$"),
        ({"verify": "no"}, "^verify='no': must be True or False$"),
        ({"self_ensemble": 1}, "^self_ensemble=1: must be True or False$"),
        ({"width": 99.5}, "^width=99.5: must be a whole number$"),
        ({"quality": None}, "^quality None: must be from 1 to 100$"),
        ({"scale": True}, "^scale=True: must be a number$"),
        ({"width": False}, "^width=False: must be a number$"),
        ({"include": 5}, "^include=5: must be text, or several$"),
        ({"exclude": ["a", 5]}, r"^exclude=\['a', 5\]: must be text, or several$"),
        ({"progress": 5}, "^progress=5: must be a function that takes the finished share$"),
        ({"stop": True}, "^stop=True: must be a threading.Event$"),
        ({"stop": np.zeros((2, 2))}, r"^stop=array\(.*: must be a threading.Event$"),
        ({"progres": print}, "; did you mean 'progress'"),
        ({"width": 9, "scale": 2}, "^scale and width cannot be combined"),
    ],
    ids=str,
)
def test_says_which_argument_is_wrong(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        sr_batch.upscale(np.zeros((4, 4), np.uint8), **{"model": "espcn", **given})


def test_upscale_batch_checks_its_options_at_once() -> None:
    with pytest.raises(UsageError, match=r"^upscale_batch\(\) has no option 'progres'"):
        sr_batch.upscale_batch("a", progres=print)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"inputs": 5}, "^inputs=5: must be a path, or several$"),
        ({"inputs": ["a", None]}, r"^inputs=\['a', None\]: must be a path, or several$"),
        ({"output": 5}, "^output=5: must be a path$"),
        ({"outptu": "b"}, r"^upscale_batch\(\) has no option 'outptu'; did you mean 'output'\?$"),
        ({"progress": 5}, "^progress=5: must be a function"),
        ({"stop": False}, "^stop=False: must be a threading.Event$"),
    ],
    ids=str,
)  # fmt: skip
def test_upscale_batch_says_at_once_which_argument_is_wrong(
    given: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        sr_batch.upscale_batch(**{"inputs": "a", "model": "espcn", **given})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("refused: --max-pixels 99 allows it", "refused: max_pixels=99 allows it"),
        ("try --isolate, or another with -o", "try isolate=True, or another with output"),
        ("to fix it: pip install --upgrade x-o", "to fix it: pip install --upgrade x-o"),
        ("use --device auto", "use device=auto"),
    ],
)  # fmt: skip
def test_messages_name_arguments(text: str, wanted: str) -> None:
    assert named(text) == wanted


def test_messages_of_results_name_arguments() -> None:
    done = Done("a", "b", 1, Size(1, 1), Size(2, 2), "m", 2, "cpu", ("use --scale 3",))
    said = [
        named_in(done),
        named_in(Failed("a", "b", "use --scale 3")),
        named_in(Skipped("a", "b", "use --scale 3")),
        named_in(NotRun("a", "b", "use --scale 3")),
    ]
    assert all("use scale=3" in str(each) for each in said)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 3), (9, 7, 4)])
def test_returns_floats_for_floats(shape: tuple[int, ...], kind: Any) -> None:
    pixels = np.random.default_rng(0).random(shape).astype(kind)
    made = sr_batch.upscale(pixels, "espcn", device="cpu")
    assert (made.shape, made.dtype) == ((18, 14, *shape[2:]), kind)
    deep = np.rint(pixels.astype(np.float64) * 65535).astype(np.uint16)
    integers = sr_batch.upscale(deep, "espcn", device="cpu")
    np.testing.assert_array_equal(made, (integers / 65535).astype(kind))


def test_clips_floats_that_overshoot() -> None:
    pixels = np.array([[-0.05, 0.5], [1.05, 1.0]], np.float32)
    clipped = sr_batch.upscale(pixels.clip(0, 1), "espcn", device="cpu")
    np.testing.assert_array_equal(sr_batch.upscale(pixels, "espcn", device="cpu"), clipped)


@pytest.mark.parametrize("value", [255, -1, np.nan, np.inf])
def test_refuses_floats_of_another_range(value: float) -> None:
    pixels = np.zeros((4, 4), np.float32)
    pixels[1, 1] = value
    with pytest.raises(UnsupportedImage, match="give floats from 0 to 1, or uint8 from 0 to 255"):
        sr_batch.upscale(pixels, "espcn")


def test_says_where_the_channels_belong() -> None:
    with pytest.raises(UnsupportedImage, match=r"of float32 .* array\.transpose\(1, 2, 0\)$"):
        sr_batch.upscale(np.zeros((3, 40, 50), np.float32), "espcn")


def test_shows_what_is_public() -> None:
    assert dir(sr_batch) == ["SrBatchError", "Stopped", "__version__", "upscale", "upscale_batch"]
    for name in dir(sr_batch):
        assert getattr(sr_batch, name) is not None
    assert issubclass(UsageError, sr_batch.SrBatchError)


def test_a_model_may_be_a_path_object() -> None:
    path = Path(__file__).parents[1] / "exported" / "fast_x2.onnx"
    assert read(model=path).model == os.fspath(path)
