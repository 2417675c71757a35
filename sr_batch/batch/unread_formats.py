"""Pictures of formats that are not read: what they are called, by their suffix."""

from pathlib import Path

from sr_batch import codec

_RAWS = (
    "3fr ari arw bay cr2 cr3 crw dcr dng erf fff gpr iiq k25 kdc mef mos mrw nef nrw orf pef ptx"
    " raf raw rw2 rwl sr2 srf srw x3f"
)
_OTHERS = {
    "JPEG 2000": "jp2 j2k j2c jpc jpf jpm jpx",
    "JPEG XR": "jxr hdp wdp",
    "Photoshop": "psd psb",
    "GIMP": "xcf",
    "Krita": "kra",
    "OpenRaster": "ora",
    "OpenEXR": "exr",
    "Radiance HDR": "hdr",
    "Targa": "tga",
    "DirectDraw": "dds",
    "FITS": "fits fts",
    "PCX": "pcx",
    "Netpbm": "pnm ppm pgm pbm pam pfm",
    "QOI": "qoi",
    "SVG": "svg svgz",
    "icon": "ico cur icns",
}
_KINDS = dict.fromkeys(_RAWS.split(), "camera raw")
_KINDS |= {suffix: kind for kind, all_ in _OTHERS.items() for suffix in all_.split()}


def unread_kind(path: Path) -> str:
    """``camera raw (.cr3)`` for a file whose suffix says that it is not read; otherwise empty."""
    suffix = path.suffix.lower()
    kind = _KINDS.get(suffix.removeprefix("."))
    return f"{kind} ({suffix})" if kind and not codec.format_of_suffix(path) else ""
