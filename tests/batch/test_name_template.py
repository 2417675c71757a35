from pathlib import Path
from typing import Any

import pytest

from sr_batch.batch.name_template import FIELDS, Template
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.errors import OutputCollision, UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed
from sr_batch.files.windows_names import is_reserved
from tests.fakes import save_picture

VALUES = {name: name.upper() for name in FIELDS} | {"ext": ".png"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{stem}", "STEM.png"),
        ("{stem}{ext}", "STEM.png"),
        ("{reldir}/{stem}_{width}x{height}{ext}", "RELDIR/STEM_WIDTHxHEIGHT.png"),
        ("{model}/x{scale}/{stem}", "MODEL/xSCALE/STEM.png"),
    ],
)
def test_fills_its_fields(text: str, name: str) -> None:
    assert Template(text).fill(VALUES) == Path(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{stem}.png", r"use --name '\{stem\}\{ext\}' --format png"),
        ("a/{stem}_2.JPEG", r"use --name 'a/\{stem\}_2\{ext\}' --format jpg"),
        ("{name}", r"\{name\} is unknown; use \{stem\}, \{ext\}"),
        ("{stem", "a brace is not closed or not opened"),
        ("stem}", "a brace is not closed or not opened"),
        ("", "a name below the output folder"),
        ("/tmp/{stem}", "a name below the output folder"),
        ("C:\\{stem}", "a name below the output folder"),
        ("../{stem}", "a name below the output folder"),
        ("a/../../{stem}", "a name below the output folder"),
    ],
)
def test_refuses_a_template_that_cannot_be_a_name(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Template(text)


@pytest.mark.parametrize("name", ["con", "NUL.png", "com1.tar.gz", "a.", "b ", "Aux .jpg"])
def test_knows_the_names_of_devices(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize("name", ["icon.png", "con_x2.png", "com.png", ".a"])
def test_other_names_are_free(name: str) -> None:
    assert not is_reserved(name)


def targets(*inputs: str, output: str | None = None, **options: Any) -> list[str]:
    plan = plan_jobs(inputs, output, UpscaleOptions(**options), "edsr")
    assert plan.settled == ()
    return [str(job.target) for job in plan.jobs]


def test_names_outputs_in_and_beside_folders() -> None:
    save_picture(Path("in/deep/a.jpg"))
    template = "{reldir}/{stem}-{width}x{height}-{model}-{scale}"
    assert targets("in", name=template) == ["in_sr/deep/a-12x8-edsr-2.jpg"]
    assert targets("in", name="{stem}", output="out") == ["out/a.jpg"]
    assert targets("in/deep/a.jpg", name="{stem}_big") == ["in/deep/a_big.jpg"]
    named = targets("in", name="{stem}_{width}_{scale}", long_edge=9, format="png")
    assert named == ["in_sr/a_9_1.5.png"]


def test_knows_the_size_of_a_picture_with_a_late_header() -> None:
    from PIL import Image as Pillow

    with Pillow.open(save_picture(Path("a.jpg"))) as picture:
        picture.save("late.jpg", exif=b"Exif\0\0" + bytes(60_000), comment=bytes(60_000))
    assert targets("late.jpg", name="{stem}_{width}") == ["late_12.jpg"]


def test_two_inputs_of_one_name_are_a_collision() -> None:
    save_picture(Path("in/a/x.png"))
    save_picture(Path("in/b/x.png"))
    with pytest.raises(OutputCollision):
        targets("in", name="{stem}")


def test_one_output_has_one_name() -> None:
    save_picture(Path("a.png"))
    with pytest.raises(UsageError, match="-o with a file and --name cannot be combined"):
        targets("a.png", output="b.png", name="{stem}")


def test_windows_allows_no_device_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sr_batch.batch.plan_source.sys.platform", "win32")
    save_picture(Path("in/con.png"))
    (failed,) = plan_jobs(["in"], None, UpscaleOptions(), "edsr").settled
    assert isinstance(failed, Failed)
    assert "Windows allows no file called con.png" in failed.error
