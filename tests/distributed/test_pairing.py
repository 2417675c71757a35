"""Pictures, sidecars and outputs that belong together, found in two listings."""

import random

import pytest

from sr_batch.core.errors import StorageError
from sr_batch.distributed.pairing import Group, groups
from sr_batch.stores.store import Item


def items(*keys: str) -> list[Item]:
    return [Item(key, 1, "v", 0.0) for key in sorted(keys, key=str.encode)]


def shown(group: Group) -> tuple[list[str], list[str], list[str]]:
    return [each.key for each in group.pictures], sorted(group.sidecars), sorted(group.outputs)


def test_a_picture_has_its_sidecars_and_outputs() -> None:
    sources = items("a.JPG", "a.XMP", "a.JPG.xmp", "b.jpg", "b.png", "x/a.jpg")
    outputs = items("a.png", "a.JPG.xmp", "b.png", "c.png", "x/a.png")
    assert [shown(group) for group in groups(sources, outputs)] == [
        (["a.JPG"], ["a.JPG.xmp", "a.XMP"], ["a.JPG.xmp", "a.png"]),
        (["b.jpg", "b.png"], [], ["b.png"]),
        (["x/a.jpg"], [], ["x/a.png"]),
    ]


def test_a_folder_with_a_similar_name_keeps_nothing_apart() -> None:
    sources = items("a.jpg", "a.d/b.jpg", "a.XMP", "a.k.png", "a.z/c.jpg", "a.xmp")
    found = {group.beginning: shown(group) for group in groups(sources, items("a.png", "a.k.png"))}
    assert found["a."] == (["a.jpg"], ["a.XMP", "a.xmp"], ["a.png"])
    assert found["a.k."] == (["a.k.png"], [], ["a.k.png"])
    assert sum(len(pictures) for pictures, _, _ in found.values()) == 4


def test_numbered_frames_are_groups_of_their_own() -> None:
    sources = items(*(f"shot.{number:04}.png" for number in range(50)))
    assert [len(group.pictures) for group in groups(sources, [])] == [1] * 50


def test_every_picture_comes_once_whatever_the_names(seed: int = 7) -> None:
    letters = random.Random(seed)
    keys = {"".join(letters.choices("a./-Z\u00e9", k=6)).strip("/") + ".png" for _ in range(3000)}
    sources = items(*keys)
    outputs = items(*list(keys)[::2])
    found = list(groups(sources, outputs))
    pictures = [picture.key for group in found for picture in group.pictures]
    assert sorted(pictures) == sorted(keys)
    for group in found:
        for picture in group.pictures:
            assert (picture.key in group.outputs) == (picture in outputs)


def test_a_listing_out_of_order_is_refused() -> None:
    with pytest.raises(StorageError, match="in the order of the keys"):
        list(groups([Item("b.png", 1, "v", 0.0), Item("a.png", 1, "v", 0.0)], []))


def test_the_order_of_a_folder_is_that_of_a_bucket() -> None:
    """Names of files that are not UTF-8 have no place in a bucket, but one in the order."""
    names = sorted(("\U0001f600.png", "\udcff.png", "a.png"))  # as a folder is listed
    files = [Item(name, 1, "v", 0.0) for name in names]
    found = groups(files, items("\U0001f600.png", "a.png"))
    assert [shown(group)[2] for group in found] == [["a.png"], [], ["\U0001f600.png"]]
