"""``--model auto``: which network enlarges a file, what the result says, and when it is remade."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch.api import upscale
from sr_batch.batch.engine import run
from sr_batch.batch.planning import plan_jobs
from sr_batch.cli.summary import Tally, describe_planned, describe_result
from sr_batch.core.errors import UnknownModel
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, JobResult, Planned, Skipped, to_json
from sr_batch.inference import model_catalog
from sr_batch.upscaling.auto_upscaler import AutoUpscaler, open_upscaler
from sr_batch.upscaling.upscaler import Upscaler
from tests.imaging.test_picture_traits import PHOTOS, clean
from tests.networks import conv_network, make_spec


def ignore(_: Any) -> None:
    pass


def network(folder: Path, name: str, seed: int) -> None:
    spec = replace(make_spec(receptive_field=5, overlap=2, name=name), consistency=0.0)
    conv_network(folder / f"{name}_x2.onnx", spec=spec, seed=seed)


@pytest.fixture(autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("models")
    network(folder, "balanced", 1)
    network(folder, "photo", 2)
    monkeypatch.setattr(model_catalog, "_FOLDERS", (folder,))
    return folder


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    picture = Pillow.fromarray(clean(PHOTOS[0]))
    picture.save(folder / "clean.png")
    picture.save(folder / "web.jpg", quality=45)
    return folder


def options(**given: Any) -> UpscaleOptions:
    chosen: dict[str, Any] = {"model": "auto", "device": "cpu", "precision": "fp32", "jobs": 1}
    return UpscaleOptions(**chosen | given)


def carry_out(inputs: Path, dry: bool = False, **given: Any) -> dict[str, JobResult]:
    chosen = options(**given)
    opened = AutoUpscaler if chosen.model == "auto" else Upscaler
    with opened(chosen, ignore) as upscaler:
        plan = plan_jobs([str(inputs)], str(inputs.parent / "out"), chosen, upscaler.model)
        results = run(plan, upscaler, chosen, ignore, threading.Event(), dry=dry)
        return {Path(result.input).name: result for result in results}


def test_each_file_gets_the_network_that_suits_it(inputs: Path) -> None:
    results = carry_out(inputs)
    clean_one, web = results["clean.png"], results["web.jpg"]
    assert isinstance(clean_one, Done)
    assert isinstance(web, Done)
    assert (clean_one.model, web.model) == ("balanced", "photo")
    assert clean_one.choice == "clean"
    assert to_json(web)["notes"] == ["enlarged by photo: a JPEG of quality 45", *web.notes]
    assert describe_result(web).endswith(" s by photo (a JPEG of quality 45)")
    for result in (clean_one, web):
        alone = upscale(result.input, model=result.model, device="cpu", precision="fp32")
        with Pillow.open(result.output) as written:
            if result.output.endswith("png"):
                assert np.array_equal(np.asarray(written), np.asarray(alone))


def test_a_dry_run_says_which_and_why(inputs: Path) -> None:
    planned = carry_out(inputs, dry=True)["web.jpg"]
    assert isinstance(planned, Planned)
    assert (planned.model, planned.choice) == ("photo", "a JPEG of quality 45")
    assert to_json(planned)["notes"] == ["to be enlarged by photo: a JPEG of quality 45"]
    assert describe_planned(planned).endswith(" (a JPEG of quality 45)")
    assert not (inputs.parent / "out").exists()


def test_a_size_that_needs_no_network_names_none(inputs: Path) -> None:
    planned = carry_out(inputs, dry=True, scale=0.5)["web.jpg"]
    assert isinstance(planned, Planned)
    assert " by resampling alone, about " in describe_planned(planned)
    assert to_json(planned)["notes"] == []
    tally = Tally()
    for result in carry_out(inputs, scale=0.5).values():
        assert to_json(result)["notes"] == ["reduced by ordinary resampling, without a network"]
        assert isinstance(result, Done)
        assert " by " not in describe_result(result)
        tally.add(result)
    assert tally.describe_choices() == ""


def test_finished_work_is_skipped_without_a_look_at_the_pixels(
    inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out(inputs)
    monkeypatch.delattr(AutoUpscaler, "chosen_for")
    assert all(isinstance(result, Skipped) for result in carry_out(inputs).values())


def test_only_outputs_of_the_network_that_changed_are_made_again(
    inputs: Path, models: Path
) -> None:
    carry_out(inputs)
    network(models, "photo", 3)
    results = carry_out(inputs)
    assert isinstance(results["clean.png"], Skipped)
    assert isinstance(results["web.jpg"], Done)


def test_the_other_network_s_output_is_not_taken_for_done(inputs: Path) -> None:
    """A run with --model balanced made it, but auto takes photo for this file."""
    carry_out(inputs, model="balanced")
    result = carry_out(inputs)["web.jpg"]
    assert isinstance(result, Done)
    assert result.model == "photo"


def test_a_network_is_opened_when_a_picture_needs_it(inputs: Path, models: Path) -> None:
    (models / "photo_x2.onnx").write_bytes(b"damaged")
    (inputs / "web.jpg").unlink()
    assert isinstance(carry_out(inputs)["clean.png"], Done)


def test_the_python_interface_chooses_too(inputs: Path) -> None:
    given: dict[str, Any] = {"device": "cpu", "precision": "fp32"}
    pixels = clean(PHOTOS[0])
    found = upscale(pixels, model="auto", **given)
    assert np.array_equal(found, upscale(pixels, model="balanced", **given))
    with Pillow.open(inputs / "web.jpg") as picture:
        blocky = np.asarray(picture)
    assert np.array_equal(
        upscale(blocky, model="auto", **given), upscale(blocky, model="photo", **given)
    )


def test_a_missing_network_is_named(models: Path) -> None:
    (models / "photo_x2.onnx").unlink()
    with pytest.raises(UnknownModel) as refused:
        AutoUpscaler(options(), ignore)
    assert str(refused.value).startswith(
        "--model auto takes balanced or photo: there is no model photo; "
    )


def test_a_strength_replaces_the_choice_by_the_blend(models: Path) -> None:
    spec = replace(make_spec(receptive_field=5, overlap=2, name="photo"), partner="balanced")
    conv_network(models / "photo_x2.onnx", spec=replace(spec, consistency=0.0), seed=2)
    with open_upscaler(options(strength=0.5), ignore) as upscaler:
        assert upscaler.model == "photo-0.5"


def test_a_network_without_the_precision_runs_in_fp32(models: Path) -> None:
    spec = replace(make_spec(receptive_field=5, overlap=2, name="balanced"), precision="int8")
    conv_network(models / "balanced_x2_int8.onnx", spec=replace(spec, consistency=0.0), seed=1)
    told: list[str] = []
    with AutoUpscaler(options(precision="int8"), told.append) as upscaler:
        size = Size(9, 9)
        assert upscaler.chosen_for(Image(clean(PHOTOS[0]))).upscaler.precision(size) == "int8"
        assert upscaler.precision(size) == "fp32"
    assert told[0] == "--precision int8: photo has no such file, so it runs in fp32"


def test_the_choice_is_the_same_every_time() -> None:
    with AutoUpscaler(options(), ignore) as upscaler:
        image = Image(clean(PHOTOS[1]))
        assert len({upscaler.chosen_for(image).reason for _ in range(3)}) == 1
