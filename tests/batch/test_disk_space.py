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
        f"the outputs are likely to take 3.0 GB, but the disk of {tmp_path} has 3.0 GB left:"
        " make room or choose another -o"
    )


def test_standard_output_needs_no_disk_space() -> None:
    assert shortages([job(PIPE, 10**18)]) == []
