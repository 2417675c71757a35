from pathlib import Path

import pytest

from sr_batch.core import cpu as machine
from sr_batch.core.cpu import cores, processor

TWO_CORES = """processor	: 0
model name	: Some CPU 9
flags		: fpu sse avx2 avx512f

processor	: 1
model name	: Another CPU
flags		: fpu
"""


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (TWO_CORES, "Some CPU 9 (avx2, avx512f)"),
        ("model name\t: Plain\nflags\t: fpu\n", "Plain"),
        ("cpu family\t: 23\nmodel\t: 1\nmodel name\t: Z\nflags\t: avx2\n", "Z (avx2 in halves)"),
        ("cpu family\t: 23\nmodel\t: 49\nmodel name\t: Z\nflags\t: avx2\n", "Z (avx2)"),
        ("cpu family\t: 25\nmodel\t: 1\nmodel name\t: Z\nflags\t: avx2\n", "Z (avx2)"),
    ],
)
def test_names_the_first_core_with_its_vector_units(
    lines: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(lines)
    monkeypatch.setattr(machine, "_CPUS", tmp_path / "cpuinfo")
    assert processor() == name


def test_says_something_where_the_system_does_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_CPUS", tmp_path / "none")
    assert processor()
    assert cores() >= 1
