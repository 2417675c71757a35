from PIL import Image as Pillow

from sr_batch.codec import kept
from sr_batch.codec.metadata.tags import Tag
from sr_batch.core.image import Metadata
from tests.codec.pictures import full_metadata


def gps_of(metadata: Metadata) -> dict[int, object]:
    assert metadata.exif is not None
    block = Pillow.Exif()
    block.load(metadata.exif)
    return dict(block.get_ifd(Tag.GPS))


def test_keeps_all() -> None:
    assert kept(full_metadata(), "keep") == full_metadata()


def test_strips_metadata_but_keeps_profile_and_resolution() -> None:
    full = full_metadata()
    assert kept(full, "strip") == Metadata(icc=full.icc, dpi=full.dpi)


def test_removes_the_location_alone() -> None:
    full = full_metadata()
    assert gps_of(full)
    without = kept(full, "no-gps")
    assert gps_of(without) == {}
    assert len(without.exif or b"") == len(full.exif or b"")
    assert without.photoshop == full.photoshop
    assert without.xmp is not None
    assert b"GPS" not in without.xmp
    assert kept(Metadata(), "no-gps") == Metadata()
