from pathlib import Path

import pytest

from sr_batch.contract import ModelSpec
from sr_batch.onnx_session import read_spec
from training import compare, cost
from training.models import MODELS

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "exported").glob("*.onnx"))
TIME = 8  # column


def test_the_readme_has_the_table_of_what_is_exported() -> None:
    """All but the times, which differ from machine to machine."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    written = readme.partition(compare.BEGIN)[2].partition(compare.END)[0].splitlines()[2:]
    found = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in written]
    bicubic = {(name, scale): 0.0 for name in compare.SETS for scale in (2, 3, 4)}
    expected = compare.rows(FILES, bicubic, {path.stem: 0.0 for path in FILES})
    assert [_comparable(cells) for cells in found] == [_comparable(cells) for cells in expected]


def _comparable(cells: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(cell.partition(" (")[0] for i, cell in enumerate(cells) if i != TIME)


def test_puts_the_table_between_the_marks() -> None:
    readme = f"a\n{compare.BEGIN}old\n{compare.END}b\n"
    assert compare.put_into(readme, "new\n") == f"a\n{compare.BEGIN}new\n{compare.END}b\n"


def test_times_are_multiples_of_espcn() -> None:
    files = [path for path in FILES if path.stem in ("espcn_x2", "edsr_x2")]
    times = compare.relative_times(files)
    assert times["espcn_x2"] == 1
    assert times["edsr_x2"] > 1.5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_exported_network_has_a_card_and_beats_bicubic(path: Path) -> None:
    spec: ModelSpec = read_spec(path)
    assert spec.arch in MODELS
    assert path.with_suffix(".md").is_file()
    bicubic = {
        2: (33.661, 30.232, 29.558),
        3: (30.392, 27.541, 27.207),
        4: (28.421, 26.0, 25.961),
    }
    for name, base in zip(compare.SETS, bicubic[spec.scale], strict=True):
        assert spec.scores[name][0] > base


def test_counts_what_a_file_costs() -> None:
    import onnx

    model = onnx.load(ROOT / "exported" / "espcn_x3.onnx")
    weights = 25 * 64 + 2 * 25 * 64 * 64 + 9 * 64 * 9
    assert cost.parameters(model) == weights + 3 * 64 + 9
    assert cost.multiply_adds_720p(model, 3) == pytest.approx(weights * 1280 * 720 / 9)
