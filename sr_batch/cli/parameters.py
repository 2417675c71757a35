"""The options of the commands that enlarge, each declared once: type, flag, range and help."""

from pathlib import Path
from typing import Annotated

import typer

from sr_batch.cli.values import number
from sr_batch.core.model_spec import Precision
from sr_batch.core.options import (
    COUNT_RANGE,
    PORT_RANGE,
    QUALITY_RANGE,
    SCALE_RANGE,
    SECONDS_RANGE,
    SIDE_RANGE,
    After,
    Effort,
    Existing,
    Format,
    Keep,
    Mode,
)


def _use_defaults(context: typer.Context, file: Path | None) -> Path | None:
    from sr_batch.cli.config import use_defaults

    return use_defaults(context, file)


Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        show_default=False,
        help="Image files, folders, glob patterns, or - for standard input.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="A folder, a file for a single input, or - for standard output. Default: beside "
        "the input, FOLDER_sr for a folder, NAME_xSCALE_MODEL for a file.",
    ),
]
ModelName = Annotated[
    str,
    typer.Option(
        "--model", "-m", metavar="NAME|FILE", help="See sr-batch models, or an .onnx file."
    ),
]
Scale = Annotated[
    float | None,
    typer.Option(
        "--scale",
        "-s",
        metavar="FACTOR",
        parser=number(float, "--scale", SCALE_RANGE),
        show_default=False,
        help=f"Side of the output / side of the input, {SCALE_RANGE}; 2 if nothing is said.",
    ),
]
Width = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        parser=number(int, "--width", SIDE_RANGE),
        help="Width of the outputs in pixels; with --height the box they fit into.",
    ),
]
Height = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        parser=number(int, "--height", SIDE_RANGE),
        help="Height of the outputs in pixels.",
    ),
]
LongEdge = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        parser=number(int, "--long-edge", SIDE_RANGE),
        help="Longer side of the outputs in pixels.",
    ),
]
ShortEdge = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        parser=number(int, "--short-edge", SIDE_RANGE),
        help="Shorter side of the outputs in pixels.",
    ),
]
Megapixels = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        parser=number(float, "--megapixels", SIDE_RANGE),
        help="Size of the outputs in millions of pixels.",
    ),
]
OnlyIfSmaller = Annotated[
    bool,
    typer.Option("--only-if-smaller", help="Leave alone what is as large already."),
]
InMode = Annotated[
    Mode,
    typer.Option(help="Run the network on color or on luma alone; auto: what it was made for."),
]
Tile = Annotated[
    str,
    typer.Option(metavar="auto|N", help="Longest side of a tile in input pixels; 0 never tiles."),
]
TileOverlap = Annotated[
    str,
    typer.Option(
        metavar="auto|full|N",
        help="Input pixels of context round a tile; full: equal to no tiles, bit for bit.",
    ),
]
Device = Annotated[
    str,
    typer.Option(
        metavar="auto|cpu|cuda|openvino|openvino-bf16",
        help="Where to run; any but auto fails where it cannot be had.",
    ),
]
InPrecision = Annotated[
    Precision,
    typer.Option("--precision", help="Of the networks: fp16 is for GPUs, int8 for CPUs."),
]
Ensemble = Annotated[
    bool,
    typer.Option(
        "--self-ensemble",
        help="The mean over the picture turned eight ways: a little better, eight times as slow.",
    ),
]
ColorLock = Annotated[
    bool,
    typer.Option("--color-lock", help="Hold colors to the input's, for networks that shift them."),
]
OutputFormat = Annotated[
    Format, typer.Option("--format", "-f", help="Format of the outputs; keep: the input's.")
]
Quality = Annotated[
    int,
    typer.Option(
        "--quality",
        metavar="N",
        parser=number(int, "--quality", QUALITY_RANGE),
        help=f"Of JPEG, WebP, AVIF, HEIC and JPEG XL, {QUALITY_RANGE}.",
    ),
]
PngEffort = Annotated[
    Effort,
    typer.Option(help="Of PNG, which loses nothing: small takes far longer for smaller files."),
]
MetadataKept = Annotated[
    Keep,
    typer.Option(
        help="What becomes of EXIF, XMP, IPTC and sidecar files; profile and resolution stay."
    ),
]
MaxPixels = Annotated[
    int,
    typer.Option(
        metavar="N",
        parser=number(int, "--max-pixels", COUNT_RANGE),
        help="Refuse inputs with more pixels than this.",
    ),
]
NameTemplate = Annotated[
    str,
    typer.Option(
        metavar="TEMPLATE",
        show_default=False,
        help="Names of the outputs below OUT, of {stem} {ext} {reldir} {scale} {model} {width} "
        "{height}: {reldir}/{stem}_{width}x{height}{ext}.",
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GLOB", help="Take only these from folders: '*.jpg', 'raw/**'; case is ignored."
    ),
]
Exclude = Annotated[
    list[str] | None, typer.Option(metavar="GLOB", help="Do not take these from folders.")
]
OnExisting = Annotated[
    Existing,
    typer.Option(help="What to do where another file, not ours, stands in an output's place."),
]
Record = Annotated[
    bool,
    typer.Option(
        "--record/--no-record",
        help="Remember in the output folder what was made of what, so that nothing is made twice.",
    ),
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify/--no-verify",
        help="Read every output again, and fail it if it is not the input's picture.",
    ),
]
Isolate = Annotated[
    bool,
    typer.Option(
        "--isolate/--no-isolate",
        help="Decode inputs in processes with limits, so that one that crashes, hangs or bloats "
        "its decoder fails alone.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        parser=number(int, "--jobs", COUNT_RANGE),
        help="Threads that compute; default: one a core.",
    ),
]
Recursive = Annotated[
    bool, typer.Option("--recursive/--no-recursive", help="Go into the folders of a folder.")
]
Dry = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Show what would be made, by which networks, how long and how large; do nothing.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but what went wrong.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say what was done with every input.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        is_eager=True,
        callback=_use_defaults,
        show_default=False,
        help="Defaults of these options in TOML, under [upscale]; without it the file "
        "sr-batch/config.toml in your own settings folder, if there is one.",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        help="One JSON object per input on standard output, then one with the sums.",
    ),
]
InSteps = Annotated[
    bool,
    typer.Option("--progress", help='With --json: also {"progress": 0.42} as the work goes on.'),
]
WatchedFolder = Annotated[
    Path | None, typer.Argument(metavar="FOLDER", show_default=False, help="The folder to watch.")
]
OutputFolder = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="OUT", show_default=False, help="The folder for the outputs."
    ),
]
Settle = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        parser=number(float, "--settle", SECONDS_RANGE),
        help="A file that stays as it is for so long is whole, if nothing else tells.",
    ),
]
Rescan = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        parser=number(float, "--rescan", SECONDS_RANGE),
        help="Look at the whole folder this often, whatever the system has told.",
    ),
]
Poll = Annotated[
    bool,
    typer.Option("--poll", help="Only look, every --rescan seconds; by itself on network shares."),
]
AfterDone = Annotated[
    After,
    Effort,
    typer.Option(
        "--after",
        help="What becomes of a file whose output is verified; move: to FOLDER_done and, if it "
        "cannot be enlarged, FOLDER_failed.",
    ),
]
Idle = Annotated[
    float,
    typer.Option(
        metavar="MINUTES",
        parser=number(float, "--idle", SECONDS_RANGE),
        help="Without work for so long, close the networks and give their memory back.",
    ),
]
Serve = Annotated[
    int | None,
    typer.Option(
        metavar="PORT",
        parser=number(int, "--serve", PORT_RANGE),
        show_default=False,
        help="Answer /healthz and /metrics on this port of 127.0.0.1; 0: any that is free.",
    ),
]
NotifyUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--notify",
        metavar="URL",
        help="Tell this address, as Apprise has it, of failures and of work that is done.",
    ),
]
LogJson = Annotated[
    bool, typer.Option("--json", help="One JSON object per event on standard output.")
]
