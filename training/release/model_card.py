"""The model card: a Markdown file beside every exported network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from sr_batch.bench.quality import Score
from sr_batch.core.model_spec import ModelSpec
from sr_batch.inference.onnx_session import read_spec
from training.evaluate.cost import multiply_adds_720p
from training.models import MODELS
from training.models.about import About

# Billion multiply-adds of espcn for a 1280x720 output, times the square of the scale.
_ESPCN_GMACS = 193


@dataclass(frozen=True)
class Facts:
    """What was measured on an exported file."""

    parameters: int
    gmacs_720p: float  # billion multiply-adds for a 1280x720 output
    lr_megapixels_per_second: float  # one thread
    processor: str
    parity: float  # largest difference between torch and ONNX Runtime
    bytes: int
    bicubic: Mapping[str, Score]
    fp32: Mapping[str, tuple[float, float]]  # scores of the fp32 file


@dataclass(frozen=True)
class Pictures:
    """Pictures in the folder of the card."""

    curve: Path
    examples: Path


def write_card(
    path: Path, spec: ModelSpec, about: About, training: str, facts: Facts, pictures: Pictures
) -> None:
    """Write the card of the file that ``spec`` describes to ``path``.

    ``training`` is the :func:`training_section` of the run.
    """
    sections = [
        *_opening(spec, about, facts.gmacs_720p),
        "## Quality\n\n" + _scores(spec, about, facts) + f"\n\n{spec.protocol}\n\n"
        f"![bicubic, {spec.name} and the original]({pictures.examples.name})",
        *_strengths_and_limits(about),
        "## Training\n\n" + training + f"\n\n![curve]({pictures.curve.name})",
        "## Data and licence\n\n" + f"{spec.data}\n\nLicence of the weights: {spec.licence}.",
        "## File\n\n" + _file_facts(spec, facts),
    ]
    path.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def describe_again(path: Path) -> None:
    """Write into the card at ``path`` what the source says of its network now.

    What was measured and how it was trained stay as they are.
    """
    text, network = path.read_text(encoding="utf-8"), path.with_suffix(".onnx")
    spec = read_spec(network)
    about, gmacs = MODELS[spec.arch].about, multiply_adds_720p(onnx.load(network), spec.scale) / 1e9
    quality, training = text.index("## Quality"), text.index("## Training")
    measured = text[quality : text.index("## Strengths and limits")].rstrip()
    sections = [*_opening(spec, about, gmacs), measured, *_strengths_and_limits(about)]
    path.write_text("\n\n".join([*sections, text[training:]]), encoding="utf-8")


def _opening(spec: ModelSpec, about: About, gmacs_720p: float) -> Sequence[str]:
    """`sr-batch models` reads the two items of the list."""
    return (
        f"# {spec.name} x{spec.scale}{_suffix(spec)}",
        f"- For: {about.choice}\n- Speed: {speed_class(gmacs_720p, spec.scale)}",
        f"{about.title}. {about.summary}\n\nPaper: {about.paper}.",
    )


def _strengths_and_limits(about: About) -> Sequence[str]:
    return ("## Strengths and limits", about.strengths, about.limits)


def speed_class(gmacs_720p: float, scale: int) -> str:
    """``fast``, ``medium`` or ``slow``, by the multiply-adds for each pixel of the input.

    On one thread, the time of a network as a multiple of that of espcn is near this ratio.
    """
    multiple = gmacs_720p * scale**2 / _ESPCN_GMACS
    return "fast" if multiple < 1.5 else "medium" if multiple < 4 else "slow"


def _suffix(spec: ModelSpec) -> str:
    return "" if spec.precision == "fp32" else f", {spec.precision}"


def _scores(spec: ModelSpec, about: About, facts: Facts) -> str:
    lines = ["PSNR-Y in dB / SSIM.", "", "| set | bicubic | this network | published PSNR |"]
    lines.append("|---|---|---|---|")
    published = about.published.get(spec.scale, {})
    for name, (psnr, ssim) in spec.scores.items():
        base = facts.bicubic[name]
        paper = f"{published[name]:.2f}" if name in published else "-"
        lines.append(
            f"| {name} | {base.psnr:.2f} / {base.ssim:.4f} | {psnr:.2f} / {ssim:.4f} | {paper} |"
        )
    if spec.precision != "fp32":
        losses = (
            f"{facts.fp32[name][0] - spec.scores[name][0]:.3f} ({name})" for name in spec.scores
        )
        lines += ["", f"Loss against fp32 in dB: {', '.join(losses)}."]
    return "\n".join(lines)


def _file_facts(spec: ModelSpec, facts: Facts) -> str:
    return "\n".join(
        [
            f"- {facts.parameters / 1e3:.0f} thousand parameters, {facts.bytes / 2**20:.1f} MiB, "
            f"{spec.precision}, {'RGB' if spec.color == 'rgb' else 'luma only'}",
            f"- {facts.gmacs_720p:.1f} G multiply-adds for a 1280x720 output; "
            f"{facts.lr_megapixels_per_second:.3f} LR megapixels per second on one thread "
            f"({facts.processor})",
            f"- receptive field {spec.receptive_field} LR pixels, tile overlap {spec.overlap}: "
            "tiled 8-bit output differs by at most 1 level on at most 1e-5 of the samples",
            f"- bound of `--verify`: at least {spec.consistency:g} dB between an output and its "
            "input, both reduced to the same size",
            f"- torch and ONNX Runtime differ by at most {facts.parity:.1e} on odd sizes, in fp32",
            f"- exported from commit {spec.commit}",
        ]
    )
