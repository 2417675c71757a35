"""The real command on real folders: every way of adding a file, signals, kills, restarts."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as Pillow

from tests.cli.conftest import ENVIRONMENT, finish, start
from tests.fakes import save_picture
from tests.runs import tree
from tests.watch.conftest import SMALL, Watching
from tests.watch.seen import Seen

# watchdog warns when nested folders appear quickly; as an error it would end its thread.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")


def slowly(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        for at in range(0, len(data), len(data) // 4):
            file.write(data[at : at + len(data) // 4])
            file.flush()
            time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.alone
def test_finds_every_new_file_and_shows_only_complete_outputs(
    tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    source, other = tmp_path / "in", tmp_path / "other"
    whole = {n: save_picture(other / f"{n}.png", n, (40, 30)).read_bytes() for n in range(20)}
    save_picture(source / "there.png", 100)
    seen = Seen(tmp_path / "out", ("folder/deep", "new/and/deeper"))
    watch = watching("--rescan", "3")
    watch.wait_for("there.png")

    slow = threading.Thread(target=slowly, args=(source / "slow.png", whole[0]))
    slow.start()
    (source / "fast.png").write_bytes(whole[1])
    shutil.copy(other / "2.png", source / "copied.png")
    shutil.copy2(other / "2.png", source / "copied with its time.png")
    (source / "renamed.part").write_bytes(whole[3])
    (source / "renamed.part").rename(source / "renamed.png")
    (other / "4.png").rename(source / "moved in.png")
    os.link(other / "5.png", source / "linked.png")
    (source / "link.png").symlink_to(other / "6.png")
    (other / "folder" / "deep").mkdir(parents=True)
    (other / "7.png").rename(other / "folder" / "deep" / "7.png")
    (other / "folder").rename(source / "folder")
    (source / "new" / "and" / "deeper").mkdir(parents=True)
    (source / "new" / "and" / "deeper" / "8.png").write_bytes(whole[8])
    (source / "paused.png").write_bytes(whole[9][:300])
    (source / "gone.png").write_bytes(whole[10][:300])
    (source / "gone.png").unlink()
    (source / "late.png").write_bytes(whole[11])
    (source / "late.png").chmod(0)
    time.sleep(1.5)
    with (source / "paused.png").open("ab") as file:
        file.write(whole[9][300:])
    (source / "late.png").chmod(0o644)
    slow.join()
    names = [
        *("there.png", "slow.png", "fast.png", "copied.png", "copied with its time.png"),
        *("renamed.png", "moved in.png", "linked.png", "link.png", "folder/deep/7.png"),
        *("new/and/deeper/8.png", "paused.png", "late.png"),
    ]
    watch.wait_for(*names)

    (source / "fast.png").touch()
    (other / "12.png").replace(source / "copied.png")  # another picture with a known name
    watch.wait(lambda: seen.taken["copied.png"] == 2)
    time.sleep(4)  # one more scan
    watch.end()
    seen.end()

    assert watch.outputs() == sorted(names)
    assert seen.taken == {name: 2 if name == "copied.png" else 1 for name in names}
    assert seen.opened == []
    for name in names:
        with Pillow.open(tmp_path / "out" / name) as made, Pillow.open(source / name) as original:
            made.load()
            assert made.size == (original.width * 2, original.height * 2)


@pytest.mark.slow
def test_scans_alone_find_every_file(tmp_path: Path, watching: Callable[..., Watching]) -> None:
    watch = watching("--poll", "--rescan", "0.5")
    save_picture(tmp_path / "in/a.png")
    watch.wait_for("a.png")
    save_picture(tmp_path / "in/deep/b.png")
    watch.wait_for("deep/b.png")
    watch.end()
    assert any("is scanned every 0.5 s" in event.get("text", "") for event in watch.events)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_signal_ends_it_cleanly_and_the_next_watch_continues(
    tmp_path: Path, watching: Callable[..., Watching], number: int
) -> None:
    count = 40
    for seed in range(count):
        save_picture(tmp_path / "in" / f"{seed}.png", seed, (160, 120))
    watch = watching()
    watch.wait(lambda: len(watch.outputs()) > 3)
    watch.end(number)
    made = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in watch.outputs()}
    assert 3 < len(made) < count
    assert not list((tmp_path / "out").glob(".sr-batch-*"))
    again = watching()
    again.wait(lambda: len(again.outputs()) == count)
    again.end()
    done = [result for result in again.results() if result["status"] == "done"]
    assert len(done) == count - len(made)
    assert all((tmp_path / "out" / name).stat().st_mtime_ns == made[name] for name in made)


@pytest.mark.slow
def test_kill_loses_no_file(tmp_path: Path, watching: Callable[..., Watching]) -> None:
    count = 24
    for seed in range(count):
        save_picture(tmp_path / "in" / f"{seed}.png", seed, (160, 120))
    for more in (2, 9):
        watch = watching()
        watch.wait_for_more_than(more)
        watch.end(signal.SIGKILL)
        for name in watch.outputs():
            with Pillow.open(tmp_path / "out" / name) as made:
                made.load()
    last = watching()
    last.wait(lambda: len(last.outputs()) == count)
    last.end()
    assert not list((tmp_path / "out").glob(".sr-batch-*"))


def test_refuses_a_second_watch_of_one_output(
    tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    save_picture(tmp_path / "in/a.png")
    watch = watching()
    watch.wait_for("a.png")
    second = finish(start("watch", "in", "-o", "out", *SMALL, cwd=tmp_path))
    assert second.code == 2
    assert f"another watch, process {watch.process.pid}, already writes to" in second.err
    assert f"watch: running (process {watch.process.pid})" in status(tmp_path).stdout
    watch.end()
    assert "watch: not running" in status(tmp_path).stdout


def status(
    folder: Path, command: str = "status", *options: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "sr_batch", command, "out", *options],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_status_prints_the_counts_and_retry_retries_failures(
    tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    assert "is not the output folder of a watch" in status(tmp_path).stderr
    save_picture(tmp_path / "in/a.png", size=(100, 50))
    (tmp_path / "in/bad.jpg").write_text("text")
    watch = watching("--rescan", "0.5")
    watch.wait(lambda: len(watch.results()) == 2)
    output = status(tmp_path).stdout
    assert "done: 1, failed: 1, waiting: 0" in output
    assert "in the last hour: 1 image, 0.0 megapixels" in output
    assert "bad.jpg: it is text" in output
    record = json.loads(status(tmp_path, "status", "--json").stdout)
    assert (record["done"], record["failed"], record["process"]) == (1, 1, watch.process.pid)
    assert status(tmp_path, "retry").stdout == "1 failed input will be retried\n"
    watch.wait(lambda: len(watch.results()) == 3)
    watch.end()


def test_retry_brings_back_what_was_moved(
    tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text("text")
    watch = watching("--rescan", "0.5", "--after", "move", "--verify")
    watch.wait(lambda: len(watch.results()) == 2)
    watch.wait(lambda: len(tree(str(tmp_path / "in_failed"))) == 2)
    assert "done: 0, failed: 2, waiting: 0" in status(tmp_path).stdout
    save_picture(tmp_path / "a.png").replace(tmp_path / "in_failed/a.jpg")
    assert status(tmp_path, "retry").stdout == "2 failed inputs will be retried\n"
    watch.wait(lambda: len(watch.results()) == 4)
    watch.end()
    assert "done: 1, failed: 1, waiting: 0" in status(tmp_path).stdout
    assert tree(str(tmp_path / "in_failed")) == ["b.jpg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone", "-o", "out"), "gone: no such folder to watch"),
        (("in", "-o", "."), "is inside its output folder"),
        (("in", "-o", "in"), "the watched folder and the output folder are the same, "),
        (("in", "-o", "out", "--model", "esdr"), "did you mean edsr?"),
        (("in", "-o", "out", "--settle", "0"), "--settle"),
        (("in",), "no output folder"),
        ((), "no folder to watch"),
        (
            ("in", "-o", "out", "--after", "move", "--no-verify"),
            "--after move needs verified outputs",
        ),
    ],
)
def test_reports_mistakes_before_any_work(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "in").mkdir()
    run = finish(start("watch", *arguments, cwd=tmp_path))
    assert run.code == 2
    assert message in run.err


def test_watches_the_pairs_of_a_file_and_reloads_it_on_sighup(
    tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    for folder in ("in", "b", "c"):
        save_picture(tmp_path / folder / "a.png")
    settings = tmp_path / "pairs.toml"
    pair = '[[pair]]\nfolder = "{0}"\noutput = "{0}_out"\nmodel = "espcn"\nscale = {1}\n'
    both = pair.format("in", 2) + pair.format("b", 3)
    settings.write_text("[watch]\nsettle = 0.4\n" + both)
    watch = watching("--config", "pairs.toml", where=())
    watch.wait(lambda: len(watch.results()) == 2)
    sizes = {tuple(result["output_size"]) for result in watch.results()}
    assert sizes == {(12, 8), (18, 12)}

    settings.write_text(both + pair.format("b", 2))
    watch.process.send_signal(signal.SIGHUP)
    watch.wait(lambda: "two watched folders share an output" in str(watch.events[-1]))
    save_picture(tmp_path / "in/b.png")
    watch.wait(lambda: len(watch.results()) == 3)

    settings.write_text(both + pair.format("c", 99))
    watch.process.send_signal(signal.SIGHUP)
    watch.wait(lambda: "pairs.toml: [[pair]] 3: --scale 99" in str(watch.events[-1]))

    settings.write_text(both + pair.format("c", 4))
    watch.process.send_signal(signal.SIGHUP)
    taken = f"pairs.toml was read again: 3 pairs, {tmp_path / 'in'}, {tmp_path / 'b'},"
    watch.wait(lambda: any(taken in str(event) for event in watch.events))
    watch.wait(lambda: (tmp_path / "c_out/a.png").exists())
    watch.end()
    assert len(watch.results()) == 4
