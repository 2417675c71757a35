"""``--verify``: decodes an output again and compares it with the picture that was enlarged."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sr_batch import codec
from sr_batch.batch.image_work import Enlarged
from sr_batch.batch.loading import Loader
from sr_batch.core.errors import BadOutput, ImageTooLarge, UnreadableImage, UnsupportedImage, about
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.imaging.consistency import consistency


def verify_output(work: Enlarged, output: bytes, load: Loader, options: UpscaleOptions) -> None:
    """With ``--verify``, decode input and output again and compare them.

    Raises:
        BadOutput: as of `require_same_pictures`.
    """
    if not options.verify:
        return
    with load(work.data, work.name, options.max_pixels) as file, about(work.name):
        require_same_pictures(output, work.made.sizes, file.pages(), work.upscaler.bound)


def require_same_pictures(
    data: bytes, sizes: Sequence[Size], sources: Iterable[Image], bound: Callable[[Size], float]
) -> None:
    """Decode ``data`` and compare each of its pictures, reduced, with the one it was made from.

    Args:
        data: The encoded output.
        sizes: The sizes that its pictures must have.
        sources: The decoded pictures of the input.
        bound: The lowest PSNR allowed for a picture of a size, in dB.

    Raises:
        BadOutput: it cannot be decoded, has other sizes or shows something else.
    """
    for image, source in zip(_read_again(data, sizes), sources, strict=True):
        likeness, least = consistency(image, source), bound(source.size)
        if not likeness >= least:
            raise BadOutput(
                f"the output does not look like its input: reduced to the same size, its PSNR is"
                f" {likeness:.1f} dB, and at least {least:.0f} dB are expected; try another --model"
            )


def _read_again(data: bytes, sizes: Sequence[Size]) -> Iterator[Image]:
    pixels = sum(size.pixels for size in sizes)
    try:
        file = codec.open_file(data, "it", pixels)
        if file.header.sizes != tuple(sizes):
            raise BadOutput(
                f"the output is {_shown(file.header.sizes)} when it is read again,"
                f" not {_shown(sizes)}"
            )
        yield from file.pages()
    except (UnreadableImage, UnsupportedImage, ImageTooLarge) as fault:
        raise BadOutput(f"the output cannot be read again: {fault}") from fault


def _shown(sizes: Sequence[Size]) -> str:
    return str(sizes[0]) if len(sizes) == 1 else f"{len(sizes)} pictures from {sizes[0]}"
