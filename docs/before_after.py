"""Make docs/before-after.png: a photograph at a quarter, brought back by bicubic and by edsr."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import sr_batch

HERE = Path(__file__).parent
PHOTOGRAPH = HERE.parent / "examples" / "photos" / "chelsea.jpg"
SCALE = 4
CROP = (100, 40, 380, 280)  # eyes and whiskers; both sides divide by the scale
LABEL = 22


def main() -> None:
    """Write the picture beside this file."""
    with Image.open(PHOTOGRAPH) as photograph:
        original = photograph.convert("RGB").crop(CROP)
    small = original.resize(
        (original.width // SCALE, original.height // SCALE), Image.Resampling.BICUBIC
    )
    panels = {
        "bicubic x4": small.resize(original.size, Image.Resampling.BICUBIC),
        "sr-batch edsr x4": sr_batch.upscale(small, model="edsr", scale=SCALE),
        "original": original,
    }
    sheet = Image.new("RGB", (original.width * 3 + 20, original.height + LABEL), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, (label, panel) in enumerate(panels.items()):
        left = column * (original.width + 10)
        sheet.paste(panel, (left, LABEL))
        draw.text((left + 4, 2), label, "black", font)
    sheet.save(HERE / "before-after.png", optimize=True)


if __name__ == "__main__":
    main()
