from dataclasses import replace
from pathlib import Path

import pytest

from sr_batch.core.errors import UnknownModel
from sr_batch.core.model_spec import Precision
from sr_batch.inference import model_catalog
from sr_batch.inference.model_catalog import Blend, ModelFile, choose, fp32_twin
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.strength import choose_at, partners
from tests.networks import conv_network, make_spec


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``strong`` x2 has the partner ``plain`` x2 and x3; ``alone`` has none."""
    monkeypatch.setattr(model_catalog, "_FOLDERS", (tmp_path,))
    for stem, seed in (("plain_x2", 1), ("plain_x3", 1), ("strong_x2", 2), ("alone_x2", 3)):
        add(tmp_path, stem, seed)
    return tmp_path


def add(folder: Path, stem: str, seed: int, precision: Precision = "fp32") -> Path:
    name, scale = stem.split("_x")
    suffix = "" if precision == "fp32" else f"_{precision}"
    spec = make_spec(int(scale), receptive_field=5, overlap=2, precision=precision, name=name)
    spec = replace(spec, partner="plain" if name == "strong" else "", scores={"Set5": (30, 0.9)})
    return conv_network(folder / f"{stem}{suffix}.onnx", int(scale), spec=spec, seed=seed)


def test_knows_which_families_have_a_partner(folder: Path) -> None:
    (folder / "junk_x2.onnx").write_bytes(b"junk")
    assert partners() == {"strong": "plain"}


@pytest.mark.parametrize("name", ["plain", "strong"])
def test_either_name_finds_the_pair(folder: Path, name: str) -> None:
    expected = {
        2: ModelFile(
            "strong-0.25",
            2,
            "fp32",
            folder / "strong_x2.onnx",
            Blend(folder / "plain_x2.onnx", 0.25),
        )
    }
    assert choose_at(name, 0.25) == expected


@pytest.mark.parametrize("name", ["plain", "strong"])
def test_the_ends_are_the_networks_themselves(folder: Path, name: str) -> None:
    assert choose_at(name, 0) == choose("plain")
    assert choose_at(name, 1) == choose("strong")
    assert choose_at(name, 0)[2].content() is None


def test_without_a_strength_nothing_changes(folder: Path) -> None:
    assert choose_at("strong", None) == choose("strong")


def test_a_network_without_partner_names_those_that_have_one(folder: Path) -> None:
    with pytest.raises(UnknownModel) as refused:
        choose_at("alone", 0.5)
    assert str(refused.value) == (
        "--strength 0.5 blends plain (0) with strong (1); alone has no partner"
    )
    (folder / "strong_x2.onnx").unlink()
    with pytest.raises(
        UnknownModel, match="--strength 1 needs a network that has a partner; alone has no partner"
    ):
        choose_at("alone", 1)


def test_an_unknown_name_is_said_to_be_unknown(folder: Path) -> None:
    with pytest.raises(UnknownModel, match="there is no model stron; did you mean strong"):
        choose_at("stron", 0.5)


def test_a_partner_without_a_common_scale_is_refused(folder: Path) -> None:
    (folder / "plain_x2.onnx").unlink()
    with pytest.raises(UnknownModel, match="plain and strong have no scale in common"):
        choose_at("strong", 0.5)


def test_a_file_finds_its_partner_by_name(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = add(tmp_path_factory.mktemp("elsewhere"), "strong_x2", 4)
    (only,) = choose_at(str(path), 0.5).values()
    assert (only.path, only.blend) == (path, Blend(folder / "plain_x2.onnx", 0.5))
    with pytest.raises(UnknownModel, match="has no partner"):
        choose_at(str(folder / "alone_x2.onnx"), 0.5)


def test_half_precision_is_blended_where_both_have_it(folder: Path) -> None:
    add(folder, "strong_x2", 2, "fp16")
    assert choose_at("strong", 0.5, "auto", "fp16")[2].precision == "fp32"
    add(folder, "plain_x2", 1, "fp16")
    chosen = choose_at("strong", 0.5, "auto", "fp16")[2]
    assert chosen.path.name == "strong_x2_fp16.onnx"
    assert chosen.blend == Blend(folder / "plain_x2_fp16.onnx", 0.5)
    assert chosen == choose_at("strong", 0.5, "fp16")[2]
    assert fp32_twin(chosen) == choose_at("strong", 0.5)[2]


def test_int8_counts_as_fp32(folder: Path) -> None:
    for stem in ("plain_x2", "strong_x2"):
        add(folder, stem, 1, "int8")
    assert choose_at("strong", 0.5, "int8") == choose_at("strong", 0.5)
    assert choose_at("strong", 0.5, "auto", "int8") == choose_at("strong", 0.5)
    assert choose_at("strong", 1, "int8")[2].precision == "int8"


def test_the_digest_depends_on_both_files_and_the_strength(folder: Path) -> None:
    digests = [choose_at("strong", strength)[2].digest() for strength in (0, 0.5, 0.75, 1)]
    add(folder, "plain_x2", 5)
    digests.append(choose_at("strong", 0.5)[2].digest())
    assert len(set(digests)) == 5
    assert choose_at("strong", 1)[2].digest() == choose("strong")[2].digest()


def test_a_blend_can_be_opened(folder: Path) -> None:
    chosen = choose_at("strong", 0.5)[2]
    session = OnnxSession.open(chosen.path, content=chosen.content())
    assert session.spec.name == chosen.name
