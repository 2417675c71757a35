"""A watch under pressure: bursts of files, dropped events, a full disk."""

import os
import resource
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.disks import DISKS_THAT_FILL
from tests.fakes import save_picture
from tests.reliability.evidence import leftovers, traces
from tests.runs import is_whole
from tests.watch.conftest import Watching
from tests.watch.seen import Seen

# watchdog warns when nested folders appear quickly; as an error it would end its thread.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning"),
    pytest.mark.slow,
]

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


def test_every_file_of_a_burst_is_enlarged_once(
    tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    count, folders = 300, 7
    for number in range(count):
        save_picture(tmp_path / "burst" / f"{number % folders}" / f"{number}.png", number)
    seen = Seen(tmp_path / "out", map(str, range(folders)))
    watch = watching()
    shutil.copytree(tmp_path / "burst", tmp_path / "in", dirs_exist_ok=True)
    originals = traces(tmp_path / "in")
    watch.wait(lambda: len(watch.results()) >= count)
    watch.end()
    seen.end()
    assert set(seen.taken.values()) == {1}
    assert sorted(seen.taken) == watch.outputs()
    assert len(seen.taken) == count
    assert seen.opened == []
    assert Counter(result["status"] for result in watch.results()) == {"done": count}
    assert all(is_whole(tmp_path / "out" / name) for name in seen.taken)
    assert traces(tmp_path / "in") == originals


def overflow(folder: Path) -> None:
    """Cause more events than the system queues. Equal events in a row count as one."""
    noise = [folder / ".one", folder / ".two"]
    for path in noise:
        path.touch()
    for _ in range(int(QUEUE.read_text()) // 2 + 100):
        for path in noise:
            os.utime(path)


def test_a_scan_finds_the_files_of_dropped_events(
    tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    save_picture(tmp_path / "in/before.png")
    watch = watching("--rescan", "3600")
    watch.wait_for("before.png")
    watch.process.send_signal(signal.SIGSTOP)
    overflow(tmp_path / "in")
    unreported = [save_picture(tmp_path / "in" / f"{n}.png", n).name for n in range(20)]
    watch.process.send_signal(signal.SIGCONT)
    watch.wait_for(*unreported)
    save_picture(tmp_path / "in/reported.png")
    watch.wait_for("reported.png")
    watch.end()
    assert len(watch.results()) == len(unreported) + 2


@pytest.mark.parametrize("disk", DISKS_THAT_FILL)
def test_a_full_disk_loses_nothing_once_it_has_room(
    disk: Callable[[Path], AbstractContextManager[Callable[[], None]]],
    tmp_path: Path,
    watching: Callable[..., Watching],
) -> None:
    names = [f"{number}.png" for number in range(12)]
    for number, name in enumerate(names):
        save_picture(tmp_path / "in" / name, number, (90, 60 + number))
    originals = traces(tmp_path / "in")
    with disk(tmp_path / "out") as make_room:
        watch = watching()
        watch.wait(
            lambda: any("free some space" in event.get("text", "") for event in watch.events)
        )
        complete = traces(tmp_path / "out")
        assert len(complete) < len(names)
        assert leftovers(tmp_path / "out") == []
        make_room()
        resource.prlimit(watch.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        watch.wait_for(*names)
        watch.end()
        made = traces(tmp_path / "out")
        assert all(map(is_whole, made))
        assert complete.items() <= made.items()
    assert {result["status"] for result in watch.results()} == {"done"}
    assert len(watch.results()) == len(names)
    assert traces(tmp_path / "in") == originals
