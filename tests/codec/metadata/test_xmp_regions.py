"""Regions and crops turn with the picture; panoramas grow with it. Read back by exiftool."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec.metadata import xmp
from sr_batch.core.geometry import Size
from tests.codec.pictures import PLENTY, camera_exif, read, saved, smooth

HEAD = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"
 xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
 xmlns:MP="http://ns.microsoft.com/photo/1.2/"
 xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
 xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#"
 xmlns:acdsee-rs="http://ns.acdsee.com/regions/"
 xmlns:acdsee-sa="http://ns.acdsee.com/sType/Area#"
 xmlns:acdsee-stDim="http://ns.acdsee.com/sType/Dimensions#"
 xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
 xmlns:GPano="http://ns.google.com/photos/1.0/panorama/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
"""
TAIL = """</rdf:Description></rdf:RDF></x:xmpmeta>"""
AREA_ATTRIBUTES = '<mwg-rs:Area stArea:x="0.31" stArea:y="0.63" stArea:w="0.20" stArea:h="0.11"/>'
AREA_ELEMENTS = """<mwg-rs:Area rdf:parseType="Resource"><stArea:unit>normalized</stArea:unit>
<stArea:h>0.11</stArea:h><stArea:w>0.20</stArea:w>
<stArea:x>0.31</stArea:x><stArea:y>0.63</stArea:y>
</mwg-rs:Area>"""
# The centre, width and height in the upright picture, by orientation.
UPRIGHT = {
    1: (0.31, 0.63, 0.20, 0.11),
    2: (0.69, 0.63, 0.20, 0.11),
    3: (0.69, 0.37, 0.20, 0.11),
    4: (0.31, 0.37, 0.20, 0.11),
    5: (0.63, 0.31, 0.11, 0.20),
    6: (0.37, 0.31, 0.11, 0.20),
    7: (0.37, 0.69, 0.11, 0.20),
    8: (0.63, 0.69, 0.11, 0.20),
}


def packet(area: str) -> bytes:
    body = f""" crs:HasCrop="True" crs:CropLeft="0.1" crs:CropTop="0.2" crs:CropRight="0.8"
 crs:CropBottom="0.6" crs:CropAngle="0">
<mwg-rs:Regions rdf:parseType="Resource">
<mwg-rs:AppliedToDimensions stDim:w="40" stDim:h="26" stDim:unit="pixel"/>
<mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType="Resource">{area}
<mwg-rs:Name>A cat</mwg-rs:Name></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>
<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag><rdf:li
 MPReg:Rectangle="0.21, 0.575, 0.20, 0.11"/></rdf:Bag></MPRI:Regions></MP:RegionInfo>
<acdsee-rs:Regions rdf:parseType="Resource">
<acdsee-rs:AppliedToDimensions acdsee-stDim:w="40" acdsee-stDim:h="26" acdsee-stDim:unit="pixel"/>
<acdsee-rs:RegionList><rdf:Bag><rdf:li rdf:parseType="Resource"><acdsee-rs:DLYArea
 acdsee-sa:x="0.31" acdsee-sa:y="0.63" acdsee-sa:w="0.20" acdsee-sa:h="0.11"/></rdf:li></rdf:Bag>
</acdsee-rs:RegionList></acdsee-rs:Regions>"""
    return (HEAD + body + TAIL).encode()


def said(path: Path) -> dict[str, Any]:
    found = shutil.which("exiftool")
    if found is None:
        assert not os.environ.get("CI"), "exiftool is missing"
        pytest.skip("exiftool is not installed")
    done = subprocess.run([found, "-j", "-n", "-XMP:all", path], capture_output=True, check=True)
    fields: dict[str, Any] = json.loads(done.stdout)[0]
    return fields


def numbers(values: Any) -> list[float]:
    text = values if isinstance(values, str) else str(values)
    return [float(part) for part in text.replace(",", " ").split()]


def require_turned(fields: dict[str, Any], turn: int, size: tuple[int, int]) -> None:
    x, y, width, height = UPRIGHT[turn]
    for prefix in ("RegionArea", "RegionsRegionListDLYArea"):
        area = [numbers(fields[prefix + name])[0] for name in "XYWH"]
        assert np.allclose(area, UPRIGHT[turn], atol=1e-5), prefix
    rectangle = numbers(fields["RegionRectangle"])
    assert np.allclose(rectangle, (x - width / 2, y - height / 2, width, height), atol=1e-5)
    applied = fields["RegionAppliedToDimensionsW"], fields["RegionAppliedToDimensionsH"]
    assert applied == size
    applied = fields["RegionsAppliedToDimensionsW"], fields["RegionsAppliedToDimensionsH"]
    assert applied == size


@pytest.mark.parametrize("area", [AREA_ATTRIBUTES, AREA_ELEMENTS])
@pytest.mark.parametrize("turn", range(1, 9))
def test_regions_turn_with_the_picture(turn: int, area: str, tmp_path: Path) -> None:
    stored = Pillow.fromarray(smooth(26, 40, 3))
    data = saved(stored, "JPEG", exif=b"Exif\0\0" + camera_exif(turn), xmp=packet(area))
    image = read(data)
    (tmp_path / "a.jpg").write_bytes(codec.encode_image(image, "jpg", 95))
    require_turned(said(tmp_path / "a.jpg"), turn, (image.size.width, image.size.height))


@pytest.mark.parametrize("turn", [1, 6])
def test_regions_turn_in_a_sidecar(turn: int, tmp_path: Path) -> None:
    stored = Pillow.fromarray(smooth(26, 40, 3))
    data = saved(stored, "JPEG", exif=b"Exif\0\0" + camera_exif(turn))
    header = codec.read_header(data, "a", PLENTY)
    size = Size(2 * header.size.width, 2 * header.size.height)
    sidecar = codec.true_xmp(packet(AREA_ELEMENTS), header, size, "keep")
    (tmp_path / "a.xmp").write_bytes(sidecar)
    require_turned(said(tmp_path / "a.xmp"), turn, (size.width, size.height))


def test_a_crop_turns_with_the_picture(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_bytes(xmp.upright(packet(AREA_ELEMENTS), 6))
    fields = said(tmp_path / "a.xmp")
    found = [fields[f"Crop{side}"] for side in ("Left", "Top", "Right", "Bottom")]
    assert np.allclose(found, (0.4, 0.1, 0.8, 0.8))


@pytest.mark.parametrize("as_elements", [False, True])
def test_a_panorama_grows_with_the_picture(as_elements: bool, tmp_path: Path) -> None:
    sizes = {
        "FullPanoWidthPixels": 400,
        "FullPanoHeightPixels": 200,
        "CroppedAreaImageWidthPixels": 100,
        "CroppedAreaImageHeightPixels": 50,
        "CroppedAreaLeftPixels": 30,
        "CroppedAreaTopPixels": 7,
        "LargestValidInteriorRectLeft": 1,
        "LargestValidInteriorRectTop": 2,
        "LargestValidInteriorRectWidth": 90,
        "LargestValidInteriorRectHeight": 40,
        "InitialViewHeadingDegrees": 180,
    }
    attributes = "".join(f' GPano:{name}="{value}"' for name, value in sizes.items())
    elements = "".join(f"<GPano:{name}>{value}</GPano:{name}>" for name, value in sizes.items())
    body = f">{elements}" if as_elements else f"{attributes}>"
    (tmp_path / "a.xmp").write_bytes(xmp.with_size((HEAD + body + TAIL).encode(), Size(300, 150)))
    fields = said(tmp_path / "a.xmp")
    expected = {name: 3 * value for name, value in sizes.items()} | {
        "InitialViewHeadingDegrees": 180
    }
    assert {name: fields[name] for name in sizes} == expected


def test_a_packet_without_regions_is_not_touched() -> None:
    plain = (HEAD + "><dc:format>image/jpeg</dc:format>" + TAIL).encode()
    assert xmp.upright(plain, 6) == plain
    assert xmp.with_size(plain, Size(3, 4)) == plain


def test_hostile_packets_take_no_time() -> None:
    space = b'xmlns:h="http://ns.adobe.com/hdr-gain-map/1.0/" '
    started = time.perf_counter()
    for piece in (
        b"<h:a>",
        b" ",
        b"<a:AppliedToDimensions>",
        b" stArea:x=",
        b"<stArea:x>",
        b"<h:a ",
    ):
        xmp.with_size(xmp.upright(b"<a " + space + piece * (200_000 // len(piece)), 6), Size(3, 4))
    assert time.perf_counter() - started < 30
