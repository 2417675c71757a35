from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.core.errors import UnknownModel
from sr_batch.upscaling.scale_plan import ScalePlan, plan_scale

SCALES = st.floats(min_value=1, max_value=64, exclude_min=True)
NATIVES = st.sets(st.integers(2, 8), min_size=1)


@pytest.mark.parametrize(
    ("scale", "natives", "passes"),
    [
        (2, {2, 4}, (2,)),
        (4, {2, 4}, (4,)),
        (3, {2, 4}, (4,)),
        (1.5, {2, 4}, (2,)),
        (1.0001, {4}, (4,)),
        (8, {2, 4}, (4, 2)),
        (6, {2, 3, 4}, (3, 2)),
        (9, {2, 3, 4}, (3, 3)),
        (16.5, {2, 4}, (4, 4, 2)),
        (64, {2}, (2,) * 6),
        (5, {1, 3}, (3, 3)),
        (1, {1, 3}, (1,)),
        (1, {1}, (1,)),
        (0.5, {1}, ()),
    ],
)
def test_chooses_the_passes(scale: float, natives: set[int], passes: tuple[int, ...]) -> None:
    assert plan_scale(scale, natives) == ScalePlan(passes, scale)


@pytest.mark.parametrize("scale", [0.01, 0.5, 1])
def test_a_scale_of_at_most_one_needs_no_network(scale: float) -> None:
    assert plan_scale(scale, {2}).passes == ()


def test_refuses_a_model_that_does_not_enlarge() -> None:
    with pytest.raises(UnknownModel, match="--scale 2"):
        plan_scale(2, {1})


@given(SCALES, NATIVES)
def test_reaches_the_scale_with_the_fewest_passes(scale: float, natives: set[int]) -> None:
    passes = plan_scale(scale, natives).passes
    assert prod(passes) >= scale
    assert max(natives) ** (len(passes) - 1) < scale


@given(SCALES, NATIVES)
def test_no_single_pass_can_be_smaller(scale: float, natives: set[int]) -> None:
    passes = plan_scale(scale, natives).passes
    for i, factor in enumerate(passes):
        rest = prod(passes[:i] + passes[i + 1 :])
        assert all(smaller * rest < scale for smaller in natives if smaller < factor)


@given(NATIVES)
def test_a_native_scale_is_one_pass(natives: set[int]) -> None:
    assert all(plan_scale(native, natives).passes == (native,) for native in natives)
