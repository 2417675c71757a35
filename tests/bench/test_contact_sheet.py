import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.bench.contact_sheet import Group, Panel, draw, lay_out

SIDE = st.integers(1, 60)
TEXT = st.sampled_from(["", "edsr x4", "a label that is wider than its picture"])


@st.composite
def panels(draw: st.DrawFn) -> Panel:
    level = draw(st.integers(0, 200))
    return Panel(draw(TEXT), np.full((draw(SIDE), draw(SIDE), 3), level, np.uint8), draw(TEXT))


GROUPS = st.lists(
    st.builds(Group, st.lists(panels(), min_size=1, max_size=7), TEXT), min_size=1, max_size=3
)


@given(GROUPS, st.integers(100, 800))
def test_every_picture_is_there_unchanged_and_alone(groups: list[Group], widest: int) -> None:
    layout, sheet = lay_out(groups, widest), draw(groups, widest)
    assert sheet.shape == (layout.height, layout.width, 3)
    taken = np.zeros(sheet.shape[:2], bool)
    for group, places in zip(groups, layout.places, strict=True):
        for panel, (left, top) in zip(group.panels, places, strict=True):
            height, width, _ = panel.pixels.shape
            spot = np.s_[top : top + height, left : left + width]
            np.testing.assert_array_equal(sheet[spot], panel.pixels)
            assert not taken[spot].any()
            taken[spot] = True


@given(GROUPS, st.integers(100, 800))
def test_rows_are_wrapped_and_balanced(groups: list[Group], widest: int) -> None:
    layout = lay_out(groups, widest)
    several = any(len({left for left, _ in places}) > 1 for places in layout.places)
    assert layout.width <= widest or not several
    for places in layout.places:
        rows = [sum(top == other for _, other in places) for top in {top for _, top in places}]
        assert max(rows) - min(rows) < max(len(rows), 2)
        assert list(places) == sorted(places, key=lambda place: (place.top, place.left))


def ink(sheet: np.ndarray) -> int:
    return int((sheet < 128).all(axis=2).sum())


def test_labels_and_headings_are_drawn_beside_the_pictures() -> None:
    white = np.full((40, 300, 3), 255, np.uint8)
    amounts = [
        ink(draw([Group([Panel(title, white, detail)], heading)]))
        for title, detail, heading in (
            ("", "", ""),
            ("edsr x4", "", ""),
            ("edsr x4", "12 s", ""),
            ("edsr x4", "12 s", "kitten.jpg"),
        )
    ]
    assert amounts[0] == 0
    assert amounts == sorted(set(amounts))


def test_a_long_heading_is_shortened_to_the_sheet() -> None:
    white = np.full((20, 200, 3), 255, np.uint8)
    long = draw([Group([Panel("x", white)], "a heading " * 40)])
    assert long.shape == draw([Group([Panel("x", white)], "short")]).shape
    assert ink(long[:, -10:]) == 0


@pytest.mark.parametrize(("text", "like"), [("é", "e"), ("中", "?"), ("\udcff", "?")])
def test_letters_without_a_picture_in_the_font_are_no_boxes(text: str, like: str) -> None:
    white = np.full((20, 60, 3), 255, np.uint8)
    drawn, expected = (draw([Group([Panel(each, white)])]) for each in (text, like))
    np.testing.assert_array_equal(drawn, expected)
