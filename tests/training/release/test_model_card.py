from dataclasses import replace
from pathlib import Path

from sr_batch.core.model_spec import ModelSpec
from training.evaluate.standard_sets import Score
from training.models import MODELS
from training.recipes import RECIPES
from training.release.model_card import Facts, Pictures, write_card

SPEC = ModelSpec(
    name="edsr",
    arch="edsr",
    scale=2,
    color="rgb",
    multiple=1,
    receptive_field=73,
    overlap=12,
    precision="fp32",
    protocol="PSNR-Y on luma",
    licence="CC BY-SA 4.0",
    data="Photographs of cats",
    commit="abc123",
    scores={"Set5": (37.512, 0.9581), "Urban": (31.0, 0.9)},
)
FACTS = Facts(
    parameters=1_234_567,
    gmacs_720p=316.2,
    lr_megapixels_per_second=0.03,
    processor="x86_64",
    parity=2e-6,
    bytes=5 << 20,
    fp32={"Set5": (37.55, 0.9582), "Urban": (31.01, 0.9)},
    bicubic={"Set5": Score(33.661, 0.9299), "Urban": Score(26.0, 0.8)},
)


def test_says_everything_a_user_must_know(tmp_path: Path) -> None:
    card = tmp_path / "edsr_x2.md"
    pictures = Pictures(tmp_path / "edsr_x2.png", tmp_path / "edsr_x2.jpg")
    write_card(card, SPEC, MODELS["edsr"].about, RECIPES["edsr_x2"], FACTS, pictures)
    text = card.read_text(encoding="utf-8")
    assert "| Set5 | 33.66 / 0.9299 | 37.51 / 0.9581 | 37.99 |" in text
    assert "| Urban | 26.00 / 0.8000 | 31.00 / 0.9000 | - |" in text
    for fact in ("Lim et al.", "cats", "CC BY-SA 4.0", "PSNR-Y on luma", "abc123", "1235 thousand"):
        assert fact in text
    assert "![curve](edsr_x2.png)" in text
    assert "(edsr_x2.jpg)" in text


def test_says_what_a_precision_costs(tmp_path: Path) -> None:
    card = tmp_path / "edsr_x2_int8.md"
    pictures = Pictures(tmp_path / "edsr_x2_int8.png", tmp_path / "edsr_x2_int8.jpg")
    recipe = replace(RECIPES["edsr_x2"], quantized=True, unrounded=("body.16",))
    recipe = replace(recipe, rates={"body.1": 0.1}, leaves=400)
    write_card(card, replace(SPEC, precision="int8"), MODELS["edsr"].about, recipe, FACTS, pictures)
    text = card.read_text(encoding="utf-8")
    assert "The learning rate is 0.1 of it in `body.1`." in text
    assert "400 pictures of dead leaves" in text
    assert text.startswith("# edsr x2, int8\n")
    assert "Loss against fp32 in dB: 0.038 (Set5), 0.010 (Urban)." in text
    assert "Rounded in training" in text
    assert "In float beside the first and the last layer: `body.16`." in text


def test_says_that_nothing_was_learnt(tmp_path: Path) -> None:
    card = tmp_path / "edsr_x2_int8.md"
    pictures = Pictures(tmp_path / "edsr_x2_int8.png", tmp_path / "edsr_x2_int8.jpg")
    recipe = replace(RECIPES["edsr_x2"], iterations=0, quantized=True, unrounded=("body.16",))
    write_card(card, replace(SPEC, precision="int8"), MODELS["edsr"].about, recipe, FACTS, pictures)
    text = card.read_text(encoding="utf-8")
    assert "The weights of `edsr_x2_start`, rounded without further training.\nIn float" in text
    assert "How `edsr_x2_start` learnt: 12000 iterations of Adam" in text
