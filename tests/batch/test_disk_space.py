import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from sr_batch.batch.disk_space import shortages
from sr_batch.batch.job import Job
from sr_batch.files.reading import PIPE


def job(target: Path, size: int) -> Job:
    return Job(Path("a.png"), target, target.parent, "png", 1, size)


def test_names_the_disk_that_is_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3_000_000_000))
    jobs = [job(tmp_path / "not" / "yet" / f"{n}.png", 1_000_000_000) for n in range(3)]
    assert shortages(jobs) == []
    (line,) = shortages([*jobs, job(tmp_path / "d.png", 1)])
    assert line == (
        f"the outputs need about 3.0 GB, but the disk that holds {tmp_path} has only 3.0 GB free:"
        " free some space or choose another -o"
    )


def test_shows_less_than_a_megabyte_in_smaller_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=512))
    (line,) = shortages([job(tmp_path / "a.png", 12_345)])
    assert "the outputs need about 12 kB, " in line
    assert "has only 512 bytes free" in line


def test_standard_output_needs_no_disk_space() -> None:
    assert shortages([job(PIPE, 10**18)]) == []
