"""Which file ``--precision auto`` takes for the device, and what counts as equal to it."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.model_spec import Precision
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference import providers
from sr_batch.inference.model_catalog import choose
from sr_batch.inference.providers import PROVIDERS, Fastest
from sr_batch.upscaling import loaded_models
from sr_batch.upscaling.upscaler import Upscaler

PICTURE = Image(np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8))


def ignore(_: Any) -> None:
    pass


def machine(monkeypatch: pytest.MonkeyPatch, precision: Precision) -> None:
    """Let the processor compute ``precision`` fastest."""
    cpu = replace(PROVIDERS["cpu"], find_fastest=lambda: Fastest(precision, "it is measured"))
    for module in (providers, loaded_models):
        monkeypatch.setattr(module, "PROVIDERS", {**PROVIDERS, "cpu": cpu})


def upscaler(model: str = "espcn", scale: float = 2, **options: Any) -> Upscaler:
    return Upscaler(UpscaleOptions(model=model, scale=scale, device="cpu", **options), ignore)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_auto_runs_what_is_fastest(monkeypatch: pytest.MonkeyPatch, precision: Precision) -> None:
    machine(monkeypatch, precision)
    with upscaler() as automatic, upscaler(precision=precision) as named:
        assert automatic.precision(PICTURE.size) == precision
        assert automatic.recipe == named.recipe
        for each in (automatic, named):
            assert each.precision(Size(3, 2)) == precision
        one, other = (
            each(PICTURE, "a", ignore, threading.Event()).image.color for each in (automatic, named)
        )
    np.testing.assert_array_equal(one, other)


def test_auto_accepts_what_it_makes_on_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[Precision, Upscaler] = {}
    kinds: tuple[Precision, ...] = ("fp32", "fp16", "int8")
    for precision in kinds:
        machine(monkeypatch, precision)
        made[precision] = upscaler()
    for one in made.values():
        others = {other.recipe for other in made.values() if other is not one}
        assert set(one.equal_recipes) == others
        assert len(others) == 2
        one.close()


def test_a_precision_that_is_named_is_exact() -> None:
    with upscaler(precision="fp32") as named:
        assert named.equal_recipes == ()
        assert named.precision_notes == ()


def test_auto_says_what_it_takes_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, "int8")
    with upscaler() as one, upscaler("resnet", 4) as other:
        assert one.precision_notes == ("precision of espcn x2: int8, because it is measured",)
        assert other.precision_notes == (
            "precision of resnet x4: fp32, because there is no int8 file that loses at most 0.1 dB",
        )
        assert other.precision(PICTURE.size) == "fp32"
        assert len(other.equal_recipes) == 1  # fp16


def test_a_file_that_is_named_has_the_precision_that_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine(monkeypatch, "fp32")
    path: Path = choose("espcn", "int8")[2].path
    with upscaler(str(path)) as named:
        assert named.precision(PICTURE.size) == "int8"
        assert (named.precision_notes, named.equal_recipes) == ((), ())


def test_no_network_has_no_precision() -> None:
    with upscaler(scale=1) as resampling:
        assert resampling.precision(PICTURE.size) is None
        assert resampling.equal_recipes == ()
