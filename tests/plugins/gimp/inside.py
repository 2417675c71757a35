"""Functions for the test scripts that run in GIMP's own Python."""

from pathlib import Path
from typing import Any

from gi.repository import Gegl, Gimp, Gio

SILENT = Gimp.RunMode.NONINTERACTIVE
Size = tuple[int, int]


def load(path: Path) -> Gimp.Image:
    return Gimp.file_load(SILENT, Gio.File.new_for_path(str(path)))


def save(image: Gimp.Image, path: Path, kind: str) -> None:
    """Write a PNG of ``kind``: ``rgb8``, ``graya16`` and so on."""
    procedure = Gimp.get_pdb().lookup_procedure("file-png-export")
    config = procedure.create_config()
    file = Gio.File.new_for_path(str(path))
    settings = {"run-mode": SILENT, "image": image, "file": file, "format": kind}
    settings |= {"save-transparent": True, "include-thumbnail": False}
    settings |= {"include-color-profile": True}
    for name, value in settings.items():
        config.set_property(name, value)
    assert procedure.run(config).index(0) == Gimp.PDBStatusType.SUCCESS


def dump(drawable: Gimp.Drawable, path: Path) -> None:
    """Write the values of ``drawable`` as they are in memory."""
    area = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    buffer = drawable.get_buffer()
    path.write_bytes(buffer.get(area, 1.0, None, Gegl.AbyssPolicy.NONE))


def call(image: Gimp.Image, *active: Gimp.Item, **settings: Any) -> Gimp.ValueArray:
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-sr-batch")
    config = procedure.create_config()
    config.set_property("run-mode", SILENT)
    config.set_property("image", image)
    config.set_core_object_array("drawables", active or image.get_layers()[:1])
    for name, value in ({"model": "espcn"} | settings).items():
        config.set_property(name, value)
        assert config.get_property(name) == value
    return procedure.run(config)


def enlarge(image: Gimp.Image, *active: Gimp.Item, **settings: Any) -> Gimp.Image:
    result = call(image, *active, **settings)
    assert result.index(0) == Gimp.PDBStatusType.SUCCESS, result.index(1)
    return result.index(1)


def error(image: Gimp.Image, *active: Gimp.Item, **settings: Any) -> str:
    """The message of a call that must fail and must not change ``image``."""
    before = size(image), len(image.get_layers()), image.is_dirty()
    result = call(image, *active, **settings)
    assert result.index(0) == Gimp.PDBStatusType.EXECUTION_ERROR, result.index(0)
    assert before == (size(image), len(image.get_layers()), image.is_dirty())
    return str(result.index(1))


def size(item: Gimp.Image | Gimp.Drawable) -> Size:
    return item.get_width(), item.get_height()


def place(layer: Gimp.Layer) -> Size:
    _, x, y = layer.get_offsets()
    return x, y


def blank(width: int, height: int) -> Gimp.Image:
    """An image with one white layer."""
    image = Gimp.Image.new(width, height, Gimp.ImageBaseType.RGB)
    image.insert_layer(new_layer(image, "white", width, height), None, 0)
    return image


def new_layer(image: Gimp.Image, name: str, width: int, height: int) -> Gimp.Layer:
    kind, mode = Gimp.ImageType.RGBA_IMAGE, Gimp.LayerMode.NORMAL
    layer = Gimp.Layer.new(image, name, width, height, kind, 100, mode)
    layer.fill(Gimp.FillType.WHITE)
    return layer


def copied(image: Gimp.Image, path: Path, name: str) -> Gimp.Layer:
    """A new layer for ``image``, loaded from a file."""
    layer = Gimp.Layer.new_from_drawable(load(path).get_layers()[0], image)
    layer.set_name(name)
    return layer
