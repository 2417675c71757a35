from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.core.model_spec import (
    LEAST_CONSISTENCY,
    PIXEL_BYTES,
    ContractError,
    ModelSpec,
    from_metadata,
    to_metadata,
)

SPEC = ModelSpec(
    name="edsr",
    arch="edsr",
    scale=2,
    color="rgb",
    multiple=1,
    receptive_field=73,
    overlap=12,
    precision="fp32",
    protocol="PSNR-Y",
    licence="CC BY-SA 4.0",
    data="photographs",
    commit="abc123",
    scores={"Set5": (37.5, 0.958), "BSD100": (32.0, 0.89)},
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.builds(
        ModelSpec,
        name=TEXT,
        arch=TEXT,
        scale=st.integers(1, 8),
        color=st.sampled_from(["rgb", "y"]),
        multiple=st.integers(1, 64),
        receptive_field=st.integers(1, 999),
        overlap=st.integers(0, 500),
        precision=st.sampled_from(["fp32", "fp16", "int8"]),
        protocol=TEXT,
        licence=TEXT,
        data=TEXT,
        commit=TEXT,
        window=st.integers(0, 512),
        window_rows=st.integers(0, 512),
        least_side=st.integers(1, 64),
        whole=st.booleans(),
        seam=st.floats(0, 255),
        most_side=st.integers(0, 512),
        pace=st.floats(0, 1),
        scores=st.dictionaries(TEXT, st.tuples(st.floats(0, 99), st.floats(-1, 1))),
    )
)
def test_survives_the_round_trip(spec: ModelSpec) -> None:
    assert from_metadata(to_metadata(spec)) == spec


@pytest.mark.parametrize("color_lock", [True, False])
def test_keys_that_most_files_lack_are_optional(color_lock: bool) -> None:
    spec = replace(SPEC, partner="balanced", seam=1.5, whole=True, color_lock=color_lock)
    rare = {"sr.partner": "balanced", "sr.seam": "1.5", "sr.whole": "1"}
    rare |= {"sr.color_lock": "1"} if color_lock else {}
    written = to_metadata(SPEC)
    assert to_metadata(spec).items() - written.items() == rare.items()
    assert from_metadata(to_metadata(spec)) == spec
    assert not [key for key in written if key in ("sr.partner", "sr.seam", "sr.color_lock")]
    assert from_metadata(written) == SPEC


def test_ignores_keys_of_others() -> None:
    assert from_metadata({**to_metadata(SPEC), "author": "somebody"}) == SPEC


@pytest.mark.parametrize("key", sorted(key for key in to_metadata(SPEC) if key != "sr.range"))
def test_names_a_missing_key(key: str) -> None:
    metadata = to_metadata(SPEC)
    del metadata[key]
    if key == "sr.consistency":  # files of before have none
        assert from_metadata(metadata).consistency == LEAST_CONSISTENCY
        return
    if key == "sr.pixel_bytes":
        assert from_metadata(metadata).pixel_bytes == PIXEL_BYTES
        return
    if key.startswith("sr.psnr."):  # a score is optional, as a pair
        assert key.removeprefix("sr.psnr.") not in from_metadata(metadata).scores
        return
    with pytest.raises(ContractError, match=r"schema|missing"):
        from_metadata(metadata)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "99"),
        ("scale", "two"),
        ("scale", "0"),
        ("color", "cmyk"),
        ("precision", "fp8"),
        ("overlap", "-1"),
        ("multiple", "0"),
        ("pixel_bytes", "0"),
        ("psnr.Set5", "good"),
    ],
)
def test_refuses_nonsense(key: str, value: str) -> None:
    with pytest.raises(ContractError):
        from_metadata({**to_metadata(SPEC), f"sr.{key}": value})


def test_knows_the_full_overlap() -> None:
    assert replace(SPEC, receptive_field=73).full_overlap == 36
