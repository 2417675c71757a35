"""``sr-batch eval``: measures the quality of a network on your own pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sr_batch.cli.console import say
from sr_batch.cli.models_add import usable_name
from sr_batch.cli.parameters import ENDPOINT_URL, typer_option, upscale_option
from sr_batch.core.errors import ImageError, UnknownModel
from sr_batch.core.model_spec import PrecisionChoice
from sr_batch.core.options import CLEAN, UpscaleOptions
from sr_batch.core.results import SOME_FAILED, Failed, one_line

if TYPE_CHECKING:
    from sr_batch.batch.inputs import Source
    from sr_batch.bench.quality import Judged
    from sr_batch.bench.remote_pictures import Pictures
    from sr_batch.inference.onnx_session import OnnxSession

_DEFAULT_SCALE = 2
_MEAN = "mean"

Folder = Annotated[
    str,
    typer.Argument(
        metavar="HR_FOLDER",
        show_default=False,
        help="Folder of the original (high-resolution) pictures, or an s3://, gs:// or az:// URL.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON lines: one object per picture, then the means.")
]


def evaluate(
    folder: Folder,
    model: Annotated[str, upscale_option("model")] = CLEAN,
    scale: Annotated[float | None, upscale_option("scale")] = None,
    precision: Annotated[PrecisionChoice, upscale_option("precision")] = UpscaleOptions.precision,
    device: Annotated[str, upscale_option("device")] = UpscaleOptions.device,
    jobs: Annotated[int | None, upscale_option("jobs")] = None,
    endpoint_url: Annotated[str, typer_option(ENDPOINT_URL)] = "",
    as_json: AsJson = False,
) -> None:
    """Measure the quality of a model on your own pictures.

    It shrinks every picture, enlarges it again, and compares the result with the original.

    Exit codes: 0 all pictures were measured, 3 some could not be.
    """
    from sr_batch.bench.remote_pictures import pictures_at
    from sr_batch.core.cpu import cores

    UpscaleOptions(model=model, device=device, precision=precision, jobs=jobs)  # checks the ranges
    usable = usable_name(model)
    with pictures_at(folder, endpoint_url, say) as pictures:
        session = _open(usable, scale, precision, device)
        all_measured = _evaluate(pictures, session, jobs or cores(), as_json)
    raise typer.Exit(0 if all_measured else SOME_FAILED)


def _evaluate(pictures: Pictures, session: OnnxSession, threads: int, as_json: bool) -> bool:
    """Print the scores of each picture and their means. Returns whether all were measured."""
    from sr_batch.bench.pictures import list_pictures
    from sr_batch.bench.quality import PROTOCOL, mean

    found = [*list_pictures(pictures.folder), *pictures.missing]
    names = [_name(each, pictures.folder) for each in found]
    width = max(map(len, [*names, _MEAN]))
    if not as_json:
        typer.echo(_row("", width, "bicubic", _title(session), "gain"))
    judged: list[Judged] = []
    for name, each in zip(names, found, strict=True):
        if one := _judge(each, session, threads, pictures):
            judged.append(one)
            _show(name, width, one, as_json)
    if judged:
        _show(_MEAN, width, mean(judged), as_json)
    if not as_json:
        border = f"border {session.spec.scale}"
        typer.echo(f"{len(judged)} of {len(found)} pictures, {border}: {PROTOCOL}")
    return len(judged) == len(found)


def _open(model: str, scale: float | None, precision: PrecisionChoice, device: str) -> OnnxSession:
    """The network of the chosen scale; by default 2, or the smallest if 2 does not exist."""
    from sr_batch.inference.model_catalog import choose
    from sr_batch.inference.providers import PROVIDERS, open_session, settle_device

    chosen = choose(model, precision)
    wanted = scale or (_DEFAULT_SCALE if _DEFAULT_SCALE in chosen else min(chosen))
    if wanted not in chosen:
        there = ", ".join(f"x{each}" for each in sorted(chosen))
        raise UnknownModel(f"--scale {wanted:g}: {model} exists for {there}")
    settled = settle_device(device, chosen[int(wanted)].path, say)
    if precision == "auto":
        chosen = choose(model, "auto", PROVIDERS[settled].find_fastest().precision)
    return open_session(chosen[int(wanted)].path, settled, say)


def _judge(
    found: Source | Failed, session: OnnxSession, threads: int, pictures: Pictures
) -> Judged | None:
    """The scores of a picture; None, after a message, if it cannot be measured."""
    from sr_batch.bench.pictures import read_picture
    from sr_batch.bench.quality import judge
    from sr_batch.core.errors import about
    from sr_batch.files.reading import display_name

    if isinstance(found, Failed):
        say(pictures.about(found.error))
        return None
    try:
        picture = read_picture(found.path)
        with about(display_name(found.path)):
            return judge(picture, session, threads)
    except ImageError as error:
        say(pictures.about(str(error)))
        return None


def _name(found: Source | Failed, folder: Path) -> str:
    path = Path(found.input) if isinstance(found, Failed) else found.path
    return one_line(str(path.relative_to(folder) if path.is_relative_to(folder) else path))


def _show(name: str, width: int, judged: Judged, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"picture": name, **judged.record()}))
    else:
        typer.echo(
            _row(name, width, str(judged.bicubic), str(judged.network), f"{judged.gain:+.2f}")
        )


def _title(session: OnnxSession) -> str:
    spec = session.spec
    return f"{spec.name} x{spec.scale} {spec.precision}"


def _row(name: str, width: int, bicubic: str, network: str, gain: str) -> str:
    return f"{name:<{width}}  {bicubic:<14}  {network:<16}  {gain:>6}"
