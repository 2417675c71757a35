import pytest

from sr_batch import codec
from sr_batch.core.image import Image, Pixels
from tests.codec.pictures import PLENTY, merged, noise


@pytest.mark.parametrize(
    ("channels", "alpha", "depth", "factor"),
    [(1, False, 8, 1), (3, False, 8, 3), (1, True, 16, 4), (3, True, 16, 8)],
)
def test_tells_the_memory_of_decoded_pixels(
    channels: int, alpha: bool, depth: int, factor: int
) -> None:
    samples = noise(6, 11, channels + alpha, depth=depth)
    image = codec.read_image(_png(samples), "a", PLENTY)
    header = codec.read_header(_png(samples), "a", PLENTY)
    assert header.decoded_bytes == 66 * factor == merged(image).nbytes


def _png(samples: Pixels) -> bytes:
    count = samples.shape[2]
    alpha = samples[..., -1] if count in (2, 4) else None
    return codec.encode_image(Image(samples[..., : 3 if count > 2 else 1], alpha), "png", 95)
