"""Names and folders of outputs, as ``plan_jobs`` decides them."""

import os
from pathlib import Path

import pytest

from sr_batch.batch.job import Job
from sr_batch.batch.output_paths import RealPaths
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.errors import UsageError
from sr_batch.core.options import Format, UpscaleOptions
from sr_batch.core.results import Failed
from sr_batch.files.reading import PIPE
from tests.fakes import save_picture


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def jobs(
    *inputs: str,
    output: str | None = None,
    wanted: Format = "keep",
    scale: float = 2,
    model: str = "edsr",
) -> list[Job]:
    options = UpscaleOptions(format=wanted, scale=scale)
    plan = plan_jobs(inputs, output, options, model)
    assert plan.settled == ()
    return list(plan.jobs)


def targets(
    *inputs: str, output: str | None = None, wanted: Format = "keep", scale: float = 2
) -> list[str]:
    return [str(job.target) for job in jobs(*inputs, output=output, wanted=wanted, scale=scale)]


def pictures(*names: str) -> None:
    for name in names:
        save_picture(Path(name), kind="" if Path(name).suffix else "PNG")


def test_a_folder_goes_to_its_sibling_with_its_tree_and_names() -> None:
    pictures("in/a.jpg", "in/b/c.PNG")
    assert targets("in") == targets("in/") == ["in_sr/a.jpg", "in_sr/b/c.PNG"]
    assert {job.root for job in jobs("in")} == {Path("in_sr")}


def test_the_current_folder_goes_to_its_sibling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures("in/a.jpg", "in/b/c.png")
    monkeypatch.chdir("in")
    sibling = tmp_path / "in_sr"
    assert targets(".") == [f"{sibling}/a.jpg", f"{sibling}/b/c.png"]
    monkeypatch.chdir("b")
    assert targets("..") == [f"{sibling}/a.jpg", f"{sibling}/b/c.png"]


def test_a_folder_without_a_sibling_needs_an_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sr_batch.batch.default_folder import DefaultFolders
    from sr_batch.batch.inputs import Source
    from sr_batch.batch.output_paths import Destination, OutputPaths

    defaults = DefaultFolders("_x2_edsr", "_x2_edsr", "_x2_edsr", pytest.fail, pytest.fail)
    paths = OutputPaths(Destination(None, None, "keep"), defaults, "_x2_edsr")
    with pytest.raises(UsageError, match="-o"):
        paths.output_of(Source(Path("/a.png"), Path("a.png"), Path("/")), "png", {})


def test_a_file_goes_beside_itself() -> None:
    pictures("in/a.jpg", "b.png")
    assert targets("in/a.jpg", "b.png") == ["in/a_x2_edsr.jpg", "b_x2_edsr.png"]
    assert [job.root for job in jobs("in/a.jpg", "b.png")] == [Path("in"), Path()]


@pytest.mark.parametrize(("scale", "text"), [(2.0, "2"), (1.5, "1.5"), (0.25, "0.25"), (8, "8")])
def test_the_scale_is_printed_as_short_as_it_is(scale: float, text: str) -> None:
    pictures("a.png")
    assert targets("a.png", scale=scale) == [f"a_x{text}_edsr.png"]


def test_a_model_file_gives_its_name() -> None:
    pictures("a.png")
    (job,) = jobs("a.png", model="/models/4x-Foo_v1.2.onnx")
    assert job.target == Path("a_x2_4x-Foo_v1.2.png")


def test_matched_files_go_beside_themselves_or_mirrored() -> None:
    pictures("in/a.png", "in/b/c.png")
    assert targets("in/**/*.png") == ["in/a_x2_edsr.png", "in/b/c_x2_edsr.png"]
    assert targets("in/**/*.png", output="out") == ["out/a.png", "out/b/c.png"]


def test_a_folder_that_is_its_own_output_gets_new_names() -> None:
    pictures("in/a.jpg", "in/b/c.png")
    expected = ["in/a_x2_edsr.jpg", "in/b/c_x2_edsr.png"]
    assert targets("in", output="in") == expected
    assert {job.root for job in jobs("in", output="in/")} == {Path("in")}
    Path("link").symlink_to("in")
    assert targets("in", output="link") == [f"link{name[2:]}" for name in expected]


def test_files_with_their_own_folder_as_output_get_new_names() -> None:
    pictures("in/a.jpg", "b.png")
    assert targets("in/a.jpg", "b.png", output="in") == ["in/a_x2_edsr.jpg", "in/b.png"]


def test_several_folders_share_an_output() -> None:
    pictures("a/x.png", "b/c/y.png")
    assert targets("a", "b", output="out") == ["out/x.png", "out/c/y.png"]


def test_one_file_goes_to_a_file() -> None:
    pictures("a.jpg")
    (job,) = jobs("a.jpg", output="new/b.png")
    assert (job.target, job.root, job.format) == (Path("new/b.png"), Path("new"), "png")


def test_one_file_goes_into_a_folder_that_exists_or_ends_in_a_slash() -> None:
    pictures("a.jpg")
    Path("b.png").mkdir()
    assert targets("a.jpg", output="b.png") == ["b.png/a.jpg"]
    assert targets("a.jpg", output="new/") == targets("a.jpg", output="new" + os.sep)
    assert targets("a.jpg", output="new/") == ["new/a.jpg"]


def test_one_file_goes_into_a_folder_if_the_output_has_no_suffix() -> None:
    """As several files do: a pattern may match one file today and two tomorrow."""
    pictures("a.jpg")
    assert targets("a.jpg", output="out") == ["out/a.jpg"]
    assert targets("a.jpg", output="out", wanted="png") == ["out/a.png"]
    Path("made").symlink_to("temporary")
    assert targets("a.jpg", output="made") == ["made"]


def test_several_files_do_not_go_into_a_folder_called_like_an_image() -> None:
    pictures("in/a.jpg", "in/b.jpg")
    for inputs in (["in/a.jpg", "in/b.jpg"], ["in"], ["in/*.jpg"]):
        with pytest.raises(UsageError, match=r"-o x\.jpg names a file, .* write x\.jpg/ for"):
            targets(*inputs, output="x.jpg")
    assert targets("in", output="x.jpg/") == ["x.jpg/a.jpg", "x.jpg/b.jpg"]
    Path("x.jpg").mkdir()
    assert targets("in", output="x.jpg") == ["x.jpg/a.jpg", "x.jpg/b.jpg"]


def test_an_input_that_cannot_be_read_is_not_blamed_on_the_output() -> None:
    Path("a.jpg").symlink_to("nowhere")
    os.mkfifo("pipe")
    pictures("old.jpg")
    for name, why in (("a.jpg", "No such file"), ("pipe", "a pipe, not a file")):
        (failed,) = plan_jobs([name], "old.jpg", UpscaleOptions(), "edsr").settled
        assert isinstance(failed, Failed)
        assert why in failed.error


@pytest.mark.parametrize(
    ("output", "wanted", "kind"),
    [
        ("b.JPEG", "keep", "jpg"),
        ("b.tiff", "keep", "tif"),
        ("b.bmp", "bmp", "bmp"),
        ("b.heif", "keep", "heic"),
    ],
)
def test_the_suffix_of_the_output_decides_the_format(
    output: str, wanted: Format, kind: str
) -> None:
    pictures("a.jpg")
    (job,) = jobs("a.jpg", output=output, wanted=wanted)
    assert (job.target, job.format) == (Path(output), kind)


def test_an_unknown_suffix_is_refused_and_the_known_ones_are_named() -> None:
    pictures("a.jpg")
    with pytest.raises(UsageError, match=r"b\.ico.*\.jpg, \.png, \.tif, \.webp, .*\.jxl$"):
        targets("a.jpg", output="b.ico")


def test_a_suffix_that_contradicts_the_format_is_refused() -> None:
    pictures("a.jpg")
    with pytest.raises(UsageError, match=r"-o b\.png and --format jpg"):
        targets("a.jpg", output="b.png", wanted="jpg")


def test_the_suffix_follows_the_format_that_is_written() -> None:
    pictures("in/a.jpeg", "in/b.tiff", "in/c.png")
    assert targets("in") == ["in_sr/a.jpeg", "in_sr/b.tiff", "in_sr/c.png"]
    assert targets("in", wanted="jpg") == ["in_sr/a.jpeg", "in_sr/b.jpg", "in_sr/c.jpg"]


def test_the_suffix_follows_the_content() -> None:
    save_picture(Path("in/a.jpg"), kind="PNG")
    save_picture(Path("in/b"), kind="JPEG")
    save_picture(Path("in/IMG.2024"), kind="TIFF")
    assert targets("in") == ["in_sr/IMG.2024.tif", "in_sr/a.png", "in_sr/b.jpg"]


def test_standard_input_goes_to_standard_output() -> None:
    expected = [Job(PIPE, PIPE, PIPE, "keep", 0)]
    assert jobs("-") == jobs("-", output="-") == expected
    assert jobs("-", wanted="webp") == [Job(PIPE, PIPE, PIPE, "webp", 0)]


def test_standard_input_goes_to_a_file() -> None:
    assert jobs("-", output="out/a.webp") == [Job(PIPE, Path("out/a.webp"), Path("out"), "webp", 0)]


def test_a_file_goes_to_standard_output_and_to_a_file_called_like_it(tmp_path: Path) -> None:
    pictures("a.jpg")
    assert targets("a.jpg", output="-") == ["-"]
    assert targets("a.jpg", output="./-") == [str(tmp_path / "-")]


@pytest.mark.parametrize(
    ("inputs", "output", "message"),
    [
        (["-", "a.jpg"], "out/", "- .standard input. must be the only input"),
        (["-", "-"], None, "must be the only input"),
        (["-"], "in/", "standard input has no name"),
        (["in"], "-", "-o - .standard output. takes one image"),
        (["a.jpg", "in/b.jpg"], "-", "takes one image"),
        (["a.jpg", "in/b.jpg"], "a.jpg", "-o 'a.jpg' is not a folder"),
        (["in"], "a.jpg", "is not a folder"),
        (["a.jpg"], "a.jpg/", "is not a folder"),
        (["a.jpg"], "", "-o ''"),
        (["in"], "", "-o ''"),
    ],
)
def test_an_output_that_does_not_fit_the_inputs_is_refused(
    inputs: list[str], output: str | None, message: str
) -> None:
    pictures("a.jpg", "in/b.jpg")
    with pytest.raises(UsageError, match=message):
        targets(*inputs, output=output)


def test_an_output_that_nobody_can_write_is_left_to_the_run(user_folder: Path) -> None:
    """The run fails each image; planning must not fail."""
    save_picture(user_folder / "in/a.png")
    (user_folder / "closed").mkdir(mode=0)
    for output in ("closed/b.png/", "closed/out", "b" * 5000 + "/c"):
        assert len(jobs(f"{user_folder}/in", output=f"{user_folder}/{output}")) == 1


def test_real_paths_are_those_of_the_system(tmp_path: Path) -> None:
    Path("a/b").mkdir(parents=True)
    Path("link").symlink_to("a/b")
    Path("a/b/file").symlink_to("../other")
    real = RealPaths()
    for text in (".", "a", "link", "link/new/x", "link/../y", "link/file", "..", "/", "a/b/file"):
        assert real[Path(text)] == Path(os.path.realpath(text))
