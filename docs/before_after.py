"""Make docs/before-after.png: what each network makes of a clean photograph and of a web picture.

A network that this checkout has not is left out. Run it again when there is a new one.
"""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

from PIL import Image

from sr_batch.bench.comparison import Photograph, choose_models, compare, groups
from sr_batch.bench.contact_sheet import Panel, draw
from sr_batch.codec import read_image
from sr_batch.core.geometry import Region
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.model_catalog import find_models

HERE = Path(__file__).parent
PHOTOGRAPH = HERE.parent / "examples" / "photos" / "astronaut.jpg"
SCALE, WIDEST = 4, 4000
MODELS = ("edsr", "balanced", "photo")
CLEAN = "A clean photograph: astronaut.jpg", (156, 360, 64, 56), None
WEB = "The same photograph, saved again as a JPEG of quality 40", (192, 84, 64, 56), 40
PLENTY = 10**7


def main() -> None:
    """Write the picture beside this file."""
    there = {each.name for each in find_models() if each.scale == SCALE}
    chosen = choose_models([name for name in MODELS if name in there], SCALE, "fp32")
    shown = [_photograph(*CLEAN), _photograph(*WEB)]
    cells = compare(shown, chosen, UpscaleOptions(scale=SCALE, precision="fp32"), print)
    drawn = [
        replace(group, panels=[_plain(panel) for panel in group.panels], heading=photo.name)
        for group, photo in zip(groups(shown, cells), shown, strict=True)
    ]
    sheet = Image.fromarray(draw(drawn, WIDEST))
    sheet.save(HERE / "before-after.png", optimize=True)


def _photograph(heading: str, crop: tuple[int, int, int, int], quality: int | None) -> Photograph:
    """A part of the photograph, after a JPEG of ``quality`` with 4:2:0 chroma if it is given."""
    data = PHOTOGRAPH.read_bytes()
    if quality:
        file = BytesIO()
        Image.open(BytesIO(data)).convert("RGB").save(file, "JPEG", quality=quality)
        data = file.getvalue()
    left, top, width, height = crop
    part = Region(left, top, left + width, top + height)
    return Photograph(heading, read_image(data, PHOTOGRAPH.name, PLENTY), [part])


def _plain(panel: Panel) -> Panel:
    """Without the time, which is that of the machine that made the picture."""
    return replace(panel, detail="", title=panel.title.replace("your pixels", "the pixels"))


if __name__ == "__main__":
    main()
