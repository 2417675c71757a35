from pathlib import Path

import pytest

from sr_batch.core import cpu as machine
from sr_batch.core.cpu import INT8_GAINS, cores, int8_gain, processor, vector_units

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


@pytest.mark.parametrize(
    ("flags", "pays"),
    [
        ("cpu family : 6\nmodel : 85\nflags : avx2 avx512f avx512_vnni", True),
        ("cpu family : 6\nmodel : 143\nflags : avx2 avx512f amx_int8", True),
        ("cpu family : 6\nmodel : 151\nflags : avx2 avx_vnni", True),
        ("cpu family : 25\nmodel : 17\nflags : avx2 avx512f avx512_vnni avx512_bf16", True),
        ("cpu family : 23\nmodel : 49\nflags : avx2", True),
        ("cpu family : 23\nmodel : 1\nflags : avx2", False),
        ("cpu family : 6\nmodel : 42\nflags : avx", None),
        ("CPU architecture: 8\nFeatures : asimd asimddp", None),
    ],
)
def test_tells_where_int8_is_faster(
    flags: str, pays: bool | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(flags + "\n")
    monkeypatch.setattr(machine, "_CPUS", tmp_path / "cpuinfo")
    gain = int8_gain(vector_units())
    assert (gain.pays if gain else None) is pays


def test_every_row_says_where_it_is_from() -> None:
    assert len({row.unit for row in INT8_GAINS}) == len(INT8_GAINS)
    assert all(row.source and row.times >= 1 for row in INT8_GAINS)
