"""What `data check` says about a folder of pictures before a network is trained on it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tqdm import tqdm

from sr_batch.core.errors import ImageError
from training.data.likeness import Fingerprint, alike, fingerprint
from training.data.pictures import list_images


@dataclass(frozen=True)
class Survey:
    """The pictures of a folder.

    Attributes:
        folder: The folder.
        pictures: Those that can be read.
        unreadable: One line for each file that cannot be read.
        leaks: Pictures, each with the one of an evaluation set that shows the same.
        sets: Names of the evaluation sets that were compared.
    """

    folder: Path
    pictures: Sequence[Fingerprint]
    unreadable: Sequence[str]
    leaks: Sequence[tuple[Fingerprint, Fingerprint]]
    sets: Sequence[str]


def survey(folder: Path, evaluation: Path) -> Survey:
    """Read every picture of ``folder``, and compare it with the sets below ``evaluation``.

    Raises:
        FileNotFoundError: ``folder`` does not exist or contains no image.
    """
    unreadable: list[str] = []
    paths = list_images([folder], left_out=unreadable.append, advice="")
    kept = [path for path in paths if evaluation not in path.parents]
    pictures = [*_fingerprints(kept, unreadable)]
    sets = sorted(each for each in evaluation.glob("*") if each.is_dir() and each != folder)
    judged = [*_fingerprints(list_images(sets), [])] if sets else []
    leaks = [*alike(pictures, judged)]
    return Survey(folder, pictures, unreadable, leaks, [each.name for each in sets])


def report(found: Survey) -> Iterator[str]:
    """The lines of `data check`. Every file that is not as the others is named."""
    yield _counted(found)
    if found.pictures:
        yield _sizes(found.pictures)
    gray = [each for each in found.pictures if each.is_gray]
    if gray:
        yield f"gray: {len(gray)}; networks for color learn from them as from any picture"
        yield from (f"  {_name(found, each)}" for each in gray)
    if found.unreadable:
        yield f"unreadable: {len(found.unreadable)}; training leaves them out"
        yield from (f"  {line}" for line in found.unreadable)
    pairs = [*alike(found.pictures)]
    yield f"duplicates: {len(pairs) or 'none'}"
    yield from (
        f"  {_name(found, one)} shows the same as {_name(found, two)}" for one, two in pairs
    )
    yield from _leaks(found)


def _counted(found: Survey) -> str:
    suffixes = Counter(each.path.suffix.lower().lstrip(".") for each in found.pictures)
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in suffixes.most_common())
    pixels = sum(each.width * each.height for each in found.pictures) / 1e6
    plural = "s" * (len(found.pictures) != 1)
    listed = f" ({kinds})" if kinds else ""
    return f"{found.folder}: {len(found.pictures)} picture{plural}{listed}, {pixels:.1f} megapixels"


def _sizes(pictures: Sequence[Fingerprint]) -> str:
    least, most = (
        choose(pictures, key=lambda each: (each.width * each.height, each.width))
        for choose in (min, max)
    )
    sides = median(min(each.width, each.height) for each in pictures)
    return (
        f"sizes: {least.width}x{least.height} to {most.width}x{most.height}, half of the shorter"
        f" sides have at least {sides:.0f} pixels"
    )


def _leaks(found: Survey) -> Iterator[str]:
    if not found.sets:
        yield "leaks: not looked for, because --data has no evaluation sets in eval/"
        return
    yield f"leaks: {len(found.leaks) or 'none'} (compared with {', '.join(found.sets)})"
    for own, judged in found.leaks:
        set_name = judged.path.parent.name
        yield f"  {_name(found, own)} shows the same as {judged.path.name} of {set_name}: remove it"


def _name(found: Survey, picture: Fingerprint) -> str:
    return picture.path.relative_to(found.folder).as_posix()


def _fingerprints(paths: Sequence[Path], unreadable: list[str]) -> Iterator[Fingerprint]:
    for path in tqdm(paths, unit="picture", leave=False, disable=None):
        try:
            yield fingerprint(path)
        except ImageError as error:
            unreadable.append(str(error))
