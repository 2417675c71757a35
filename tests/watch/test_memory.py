"""A watch that runs on and on grows by nothing."""

from collections.abc import Callable
from pathlib import Path

from tests.fakes import save_picture
from tests.watch.conftest import Watching

MIB = 1 << 20


def resident(process: int) -> int:
    """Bytes of memory that a process holds."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines()
    )
    return int(fields["VmRSS"].split()[0]) * 1024


def test_six_hundred_files_take_no_more_than_two_hundred(
    tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    watch = watching("--settle", "0.1")
    held = []
    for batch in range(3):
        for number in range(200):
            save_picture(tmp_path / "in" / f"{batch}-{number}.png", 200 * batch + number)
        watch.wait_for_more_than(200 * batch + 199)
        held.append(resident(watch.process.pid))
    watch.end()
    assert held[2] - held[0] < 8 * MIB, [size / MIB for size in held]
