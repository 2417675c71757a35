"""The public sets of pictures that `data fetch` knows: addresses, checksums and licences."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

_RESEARCH = "none stated; a benchmark of research, not to be redistributed"
_BERKELEY = "none stated; for non-commercial research and education (UC Berkeley)"


@dataclass(frozen=True)
class Archive:
    """A file to download.

    Attributes:
        url: Its address.
        kind: Of the checksum; empty if none is published.
        checksum: In hexadecimal digits.
    """

    url: str
    kind: Literal["md5", "sha256", ""]
    checksum: str

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class PublicSet:
    """A set of pictures.

    Attributes:
        place: Folder below the data folder.
        parts: Folder in an archive -> its folder below ``place``, and the archive.
        count: Pictures of the whole set.
        licence: As its authors state it.
        content: SHA-256 of the sorted SHA-256 of all files; empty if the archives have checksums.
    """

    place: str
    parts: Mapping[str, tuple[str, Archive]]
    count: int
    licence: str
    content: str = ""


_EDSR = "https://cv.snu.ac.kr/research/EDSR"
_DIV2K = "https://data.vision.ee.ethz.ch/cvl/DIV2K"
# One archive with four sets, by the authors of EDSR.
_BENCHMARK = Archive(f"{_EDSR}/benchmark.tar", "md5", "4ace41d33c2384b97e6b320cd0afd6ba")
_FLICKR2K = Archive(f"{_EDSR}/Flickr2K.tar", "md5", "5d3f39443d5e9489bff8963f8f26cb03")
_DIV2K_TRAIN = Archive(
    f"{_DIV2K}/DIV2K_train_HR.zip",
    "sha256",
    "9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335",
)
_DIV2K_VALID = Archive(
    f"{_DIV2K}/DIV2K_valid_HR.zip",
    "sha256",
    "20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc",
)
_BSDS500 = Archive(
    "http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz", "", ""
)


def _benchmark(name: str, folder: str, count: int, licence: str = _RESEARCH) -> PublicSet:
    return PublicSet(f"eval/{name}", {f"benchmark/{folder}/HR": ("", _BENCHMARK)}, count, licence)


SETS: Mapping[str, PublicSet] = {
    "Set5": _benchmark("Set5", "Set5", 5),
    "Set14": _benchmark("Set14", "Set14", 14),
    "BSD100": _benchmark("BSD100", "B100", 100, _BERKELEY),
    "Urban100": _benchmark("Urban100", "Urban100", 100),
    "DIV2K": PublicSet(
        "DIV2K",
        {"DIV2K_train_HR": ("train", _DIV2K_TRAIN), "DIV2K_valid_HR": ("val", _DIV2K_VALID)},
        900,
        "for academic research only, as its authors state",
    ),
    "Flickr2K": PublicSet(
        "Flickr2K",
        {"Flickr2K/Flickr2K_HR": ("", _FLICKR2K)},
        2650,
        "none stated; photographs of Flickr users, collected for research",
    ),
    "BSDS500": PublicSet(
        "BSDS500",
        {f"BSR/BSDS500/data/images/{part}": (part, _BSDS500) for part in ("train", "val", "test")},
        500,
        _BERKELEY,
        "ada0d757fe960e933b3844e4e477a682ba5afeec90249a84ac5ed9d8d3106d9f",
    ),
}
"""Name -> the set. The checksums are those that other programs publish for the same addresses; that
of BSDS500 is of the 500 JPEG files."""
