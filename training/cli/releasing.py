"""Commands that make and describe the released files: export, describe, record, compare."""

from typing import Annotated

import typer

from sr_batch.inference.recorded_outputs import record_path, save_record
from training.cli.options import (
    DATA,
    EXPORTED,
    KEPT,
    PAGE,
    RUNS,
    Data,
    Exported,
    Kept,
    Name,
    Page,
    Runs,
    Workers,
)
from training.evaluate import tables
from training.evaluate.standard_sets import bicubic_scores
from training.release.model_card import describe_again
from training.release.publish import ReleaseSetting, publish
from training.release.record_outputs import fits_its_record, record_of
from training.release.trained_run import checked_name, network_name, trained_run
from training.run.places import Places


def export(
    recipe: Name,
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    exported: Exported = EXPORTED,
    workers: Workers = 2,
    name: Annotated[
        str, typer.Option("--as", help="Name of the network, as in `sr-batch --model NAME`.")
    ] = "",
    best: Annotated[
        bool, typer.Option("--best", help="Export the best weights by the recipe's best_on.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace existing files.")] = False,
) -> None:
    """Export a trained recipe to ONNX, certify and measure the files, and write their cards.

    The files have the name of the recipe: edsr_x2_again becomes edsr_again_x2.onnx.
    """
    trained = trained_run(recipe, Places(data, runs, kept), best)
    setting = ReleaseSetting(data, exported, workers, replace)
    named = checked_name(name) if name else network_name(recipe, trained.recipe)
    released = publish(trained, named, setting)
    for stem, spec in released.items():
        scores = (f"{of} {psnr:.2f} dB / {ssim:.4f}" for of, (psnr, ssim) in spec.scores.items())
        typer.echo(f"{stem}: overlap {spec.overlap}, {', '.join(scores)}")
    first = exported / f"{next(iter(released))}.onnx"
    typer.echo(f"Its figures beside those of bicubic: {first.with_suffix('.md')}")
    typer.echo(f"To use it: sr-batch upscale photos --model {first}")


def describe(exported: Exported = EXPORTED, page: Page = PAGE) -> None:
    """Write what training/models says of the networks into their cards and docs/models.md.

    Use this command after a text was changed. It measures nothing, and figures stay as they are.
    """
    for path in sorted(exported.glob("*.onnx")):
        describe_again(path.with_suffix(".md"))
    text = page.read_text(encoding="utf-8")
    page.write_text(tables.described_again(text, sorted(exported.glob("*.onnx"))), encoding="utf-8")


def record_outputs(runs: Runs = RUNS, kept: Kept = KEPT, exported: Exported = EXPORTED) -> None:
    """Record the outputs of trained networks for exported files that lack a valid record.

    `export` does this, too. Use this command for older files and for lost records.
    """
    for path in sorted(exported.glob("*.onnx")):
        if record_path(path) == path.with_suffix(".npz") and not fits_its_record(path):
            name, record = record_of(path, runs, kept)
            save_record(record_path(path), record)
            typer.echo(f"{record_path(path)}: {name}")


def compare(data: Data = DATA, exported: Exported = EXPORTED, page: Page = PAGE) -> None:
    """Write the tables of all exported networks into docs/models.md."""
    files = sorted(exported.glob("*.onnx"))
    bicubic = {scale: bicubic_scores(data, scale) for scale in (2, 3, 4)}
    text = tables.tables(files, bicubic, tables.relative_times(files))
    page.write_text(tables.put_into(page.read_text(encoding="utf-8"), text), encoding="utf-8")
    typer.echo(text, nl=False)
