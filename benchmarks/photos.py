"""Makes photographs of given sizes to measure with."""

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples" / "photos"


def photographs(source: Path, folder: Path, count: int, megapixels: tuple[float, float]) -> None:
    """Fill ``folder`` with ``count`` JPEGs of evenly spread sizes, cut from those in ``source``."""
    folder.mkdir(parents=True)
    pictures = sorted(source.glob("*.jpg"))
    for number, pixels in enumerate(_spread(count, megapixels)):
        path = pictures[number % len(pictures)]
        with Image.open(path) as image:
            grown = _with_pixels(image.convert("RGB"), pixels)
        grown.save(folder / f"{number:03}-{path.stem}.jpg", quality=92)


def _spread(count: int, megapixels: tuple[float, float]) -> Iterator[float]:
    low, high = megapixels
    return (1e6 * (low + (high - low) * (n + 0.5) / count) for n in range(count))


def _with_pixels(image: Image.Image, pixels: float) -> Image.Image:
    """The middle of ``image`` if it is large enough, otherwise all of it, enlarged."""
    factor = (pixels / (image.width * image.height)) ** 0.5
    width, height = round(image.width * factor), round(image.height * factor)
    if factor > 1:
        return image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
