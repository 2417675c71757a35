import re
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest

from sr_batch.bench.quality import Score
from training.evaluate import cost, tables
from training.evaluate.protocol import SETS

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "exported").glob("*.onnx"))
NO_SCORE = {name: Score(0, 0) for name in SETS}


def test_the_page_of_networks_has_the_tables_of_the_exported_networks() -> None:
    """Except the times, which depend on the machine, and the scores of bicubic."""
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    written = page.partition(tables.BEGIN)[2].partition(tables.END)[0]
    bicubic = dict.fromkeys((2, 3, 4), NO_SCORE)
    expected = tables.tables(FILES, bicubic, {path.stem: 0.0 for path in FILES})
    assert list(_comparable(written)) == list(_comparable(expected))


def test_the_readme_quotes_the_page_of_networks() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| `(\w+)` \|[^|]*\| ([\d.]+) dB \| ([\d.]+) \|$", readme, re.MULTILINE)
    assert len(quoted) == 4
    for name, psnr, time in quoted:
        (row,) = re.findall(rf"^\| \[`{name}`\]\(\S+\) \| x2 \| .*$", page, re.MULTILINE)
        assert f"| x2 | {psnr} / " in row
        assert row.endswith(f"| {time} |")


def _comparable(text: str) -> Iterator[str]:
    """Without the last cell of the first table's rows."""
    figures, words = text.split("\n\n")
    for line in figures.splitlines():
        yield line[:12] if line.startswith("| bicubic") else line.rpartition(" | ")[0]
    yield from words.splitlines()


def test_each_scale_starts_with_bicubic() -> None:
    bicubic = {scale: NO_SCORE | {"Set5": Score(30 + scale, 0.9)} for scale in (2, 3, 4)}
    text = tables.tables(FILES, bicubic, {path.stem: 1.0 for path in FILES})
    assert "| bicubic | x3 | 33.00 / .9000 | 0.00 / .0000 |" in text


def test_puts_the_table_between_the_marks() -> None:
    page = f"a\n{tables.BEGIN}old\n{tables.END}b\n"
    assert tables.put_into(page, "new\n") == f"a\n{tables.BEGIN}new\n{tables.END}b\n"


@pytest.mark.slow
@pytest.mark.alone
def test_times_are_multiples_of_espcn() -> None:
    files = [path for path in FILES if path.stem in ("espcn_x2", "edsr_x2")]
    times = tables.relative_times(files)
    assert times["espcn_x2"] == 1
    assert times["edsr_x2"] > 1.5


def test_counts_what_a_file_costs() -> None:
    model = onnx.load(ROOT / "exported" / "espcn_x3.onnx")
    weights = 25 * 64 + 2 * 25 * 64 * 64 + 9 * 64 * 9
    assert cost.parameters(model) == weights + 3 * 64 + 9
    assert cost.multiply_adds_720p(model, 3) == pytest.approx(weights * 1280 * 720 / 9)
