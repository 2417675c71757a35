import re
from pathlib import Path

import onnx
import pytest
import torch

from sr_batch.core.model_spec import from_metadata
from sr_batch.inference.onnx_session import OnnxSession
from tests.training.small import CONFIGS, QUICK, spec_of
from training.models import MODELS, build, configure
from training.models.rewrite import rewrite
from training.release.certify import require_parity
from training.release.onnx_export import to_onnx, write


def scales(config_id: str, name: str) -> list[int]:
    """Of a first configuration x3 is left out: x2 enlarges in one step, too, and x4 may in two."""
    every = MODELS[name].scales
    return sorted({every[0], every[-1]}) if config_id == name else [every[0]]


CASES = [
    pytest.param(each, scale, marks=[pytest.mark.slow] * (each not in QUICK))
    for each, (name, _) in CONFIGS.items()
    for scale in scales(each, name)
]


@pytest.mark.parametrize(("config_id", "scale"), CASES)
def test_exports_what_was_trained(config_id: str, scale: int, tmp_path: Path) -> None:
    name, options = CONFIGS[config_id]
    config = configure(name, scale, options)
    net = build(name, scale, options).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, 0, 0.05)
    net = rewrite(net)
    channels = 3 if config.color == "rgb" else 1
    path, spec = tmp_path / "net.onnx", spec_of(name, scale, config.color)
    write(to_onnx(net, channels), spec, path)
    session = OnnxSession.open(path)
    assert session.spec == spec
    assert require_parity(net, session, channels) <= 1e-4


def test_leaves_no_trace_of_the_machine(tmp_path: Path) -> None:
    config = MODELS["espcn"].config(scale=2, channels=16)
    write(to_onnx(MODELS["espcn"].build(config), 1), spec_of("espcn", 2, "y"), tmp_path / "n.onnx")
    content = (tmp_path / "n.onnx").read_bytes()
    assert str(Path(__file__).parents[3]).encode() not in content
    assert b"stack_trace" not in content


def test_names_its_axes(tmp_path: Path) -> None:
    config = MODELS["edsr"].config(scale=4, channels=16, blocks=1, tail="direct")
    model = to_onnx(MODELS["edsr"].build(config), 3)
    (entry,) = model.graph.input
    assert entry.name == "input"
    assert [d.dim_param or d.dim_value for d in entry.type.tensor_type.shape.dim] == [
        "batch",
        3,
        "height",
        "width",
    ]
    assert [output.name for output in model.graph.output] == ["output"]


def test_every_exported_file_has_a_complete_contract_and_a_card() -> None:
    files = sorted((Path(__file__).parents[3] / "exported").glob("*.onnx"))
    assert files
    for path in files:
        model = onnx.load(path)
        spec = from_metadata({entry.key: entry.value for entry in model.metadata_props})
        suffix = "" if spec.precision == "fp32" else f"_{spec.precision}"
        assert path.stem == f"{spec.name}_x{spec.scale}{suffix}"
        assert set(spec.scores) == {"Set5", "Set14", "BSD100"}
        assert spec.arch in MODELS
        card = path.with_suffix(".md").read_text(encoding="utf-8")
        pictures = re.findall(r"\]\((.*?)\)", card)
        assert len(pictures) == 2
        assert all((path.parent / picture).is_file() for picture in pictures)


BICUBIC = {
    2: {"Set5": 33.661, "Set14": 30.232, "BSD100": 29.558},
    3: {"Set5": 30.392, "Set14": 27.541, "BSD100": 27.207},
    4: {"Set5": 28.421, "Set14": 26.000, "BSD100": 25.961},
}


def test_every_exported_network_beats_bicubic_on_every_set() -> None:
    for path in (Path(__file__).parents[3] / "exported").glob("*.onnx"):
        spec = OnnxSession.open(path).spec
        for name, (psnr, _) in spec.scores.items():
            assert psnr > BICUBIC[spec.scale][name] + 0.3, path.name
