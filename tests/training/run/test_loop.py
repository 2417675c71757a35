import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sr_batch.core.errors import StorageError, UsageError
from tests.training.small import corpora_for, setting, small_recipe
from training.run import checkpoint
from training.run.batches import Corpora
from training.run.loop import Diverged, Interrupted, train
from training.run.trainer import Run

if sys.platform != "win32":
    from tests.disks import limited_files


def test_writes_metrics_and_tensorboard_events(photographs: Path, tmp_path: Path) -> None:
    run = Run(small_recipe("espcn"), setting(tmp_path / "run", photographs, every=6))
    train(run, corpora_for("espcn", photographs))
    rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    assert rows[0] == "iteration,loss,lr,monitor_psnr,monitor_ssim,validation_loss"
    assert [row.split(",")[0] for row in rows[1:]] == ["6", "12"]
    assert list((tmp_path / "run").glob("events.out.tfevents.*"))


def test_a_resumed_run_has_every_row_and_every_point_once(
    photographs: Path, tmp_path: Path
) -> None:
    """A process that is killed after it wrote a row, before its checkpoint, is the hard case."""
    folder, corpora = tmp_path / "run", corpora_for("espcn", photographs)
    first = Run(small_recipe("espcn", 4), setting(folder, photographs, every=2))
    train(first, corpora)
    with (folder / "metrics.csv").open("a") as table:
        table.write("6,0.5,0.5,0.5,0.5,0.5\n")
    second = Run(small_recipe("espcn", 6), first.setting)
    assert second.resume()
    train(second, corpora)
    rows = (folder / "metrics.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["iteration", "2", "4", "6"]
    assert "0.5,0.5" not in rows[-1]
    events = EventAccumulator(str(folder))
    events.Reload()
    assert [point.step for point in events.Scalars("loss")] == [2, 4, 6]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_a_checkpoint_that_resumes_exactly(
    number: signal.Signals, photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, corpora = small_recipe("espcn", 6), corpora_for("espcn", photographs)
    whole = Run(recipe, setting(tmp_path / "whole", photographs, every=4))
    train(whole, corpora)
    run = Run(recipe, setting(tmp_path / "run", photographs, every=4))
    take, before = run.step, signal.getsignal(number)

    def step(given: Corpora) -> torch.Tensor:
        if run.iteration == 2:
            signal.raise_signal(number)
        return take(given)

    monkeypatch.setattr(run, "step", step)
    with pytest.raises(Interrupted, match="iteration 3 of 6 is saved in") as left:
        train(run, corpora)
    assert (left.value.signal, signal.getsignal(number)) == (number, before)
    rest = Run(recipe, run.setting)
    assert rest.resume()
    train(rest, corpora)
    ours, theirs = whole.net.state_dict(), rest.net.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    tables = [(tmp_path / name / "metrics.csv").read_text() for name in ("whole", "run")]
    assert tables[0] == tables[1]  # the mean losses, too


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are those of POSIX")
def test_a_full_disk_keeps_the_last_checkpoint(photographs: Path, tmp_path: Path) -> None:
    run = Run(small_recipe("espcn"), setting(tmp_path / "run", photographs))
    run.step(corpora_for("espcn", photographs))
    run.save()
    files = sorted(path.name for path in (tmp_path / "run").iterdir())
    run.iteration = 2
    with (
        limited_files(tmp_path),
        pytest.raises(StorageError, match=r"net\.2\.pt: .*one, if there is one, is kept"),
    ):
        run.save()
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == files
    assert Run(run.recipe, run.setting).resume()


def test_stops_on_nan_and_keeps_the_last_checkpoint(photographs: Path, tmp_path: Path) -> None:
    run = Run(small_recipe("espcn"), setting(tmp_path / "run", photographs))
    corpora = corpora_for("espcn", photographs)
    run.step(corpora)
    run.save()
    with torch.no_grad():
        next(run.net.parameters()).fill_(torch.nan)
    with pytest.raises(Diverged, match=r"Lower the learning rate: --set lr=0\.00025"):
        train(run, corpora)
    weights = checkpoint.load_weights("run", tmp_path, tmp_path)
    assert all(torch.isfinite(value).all() for value in weights.values())


def test_nan_before_the_first_checkpoint_promises_none(photographs: Path, tmp_path: Path) -> None:
    run = Run(small_recipe("espcn"), setting(tmp_path / "run", photographs))
    with torch.no_grad():
        next(run.net.parameters()).fill_(torch.nan)
    with pytest.raises(Diverged, match="; no checkpoint was saved until then"):
        train(run, corpora_for("espcn", photographs))


@pytest.mark.parametrize("name", ["net.0.pt", "progress.pt"])
def test_a_truncated_checkpoint_is_named_and_its_best_weights_too(
    name: str, photographs: Path, tmp_path: Path
) -> None:
    run = Run(small_recipe("espcn"), setting(tmp_path / "run", photographs))
    run.save()
    checkpoint.save_best(tmp_path / "run", run.net.state_dict(), counts=False)
    damaged = tmp_path / "run" / name
    damaged.write_bytes(damaged.read_bytes()[:700])
    for read in (run.resume, lambda: checkpoint.load_weights("run", tmp_path, tmp_path)):
        with pytest.raises(UsageError, match=r"is damaged.*--init \S*best_so_far.pt") as told:
            read()
        assert str(told.value).startswith(f"{damaged}: ")


def test_keeps_half_precision_weights(photographs: Path, tmp_path: Path) -> None:
    run = Run(small_recipe("espcn", 2), setting(tmp_path / "runs" / "espcn_x2", photographs))
    train(run, corpora_for("espcn", photographs))
    checkpoint.keep("espcn_x2", tmp_path / "runs", tmp_path / "kept")
    kept = checkpoint.load_weights("espcn_x2", tmp_path / "elsewhere", tmp_path / "kept")
    for key, value in run.ema.module.state_dict().items():
        torch.testing.assert_close(kept[key], value, atol=1e-3, rtol=1e-3)


def test_names_the_command_when_weights_are_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="python -m training train edsr_x2"):
        checkpoint.load_weights("edsr_x2", tmp_path, tmp_path)


def test_an_early_stop_keeps_the_best_weights_and_ends_the_run_for_good(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At a rate of almost 0, the first checkpoint stays the best."""
    recipe = replace(small_recipe("espcn", 100), lr=1e-12, final_lr=1e-12, early_stop=2)
    run = Run(recipe, setting(tmp_path / "run", photographs, every=2))
    corpora = corpora_for("espcn", photographs)
    train(run, corpora)
    assert run.iteration < 20
    ended = f"Stopped early at iteration {run.iteration} of 100: no gain in 2 checkpoints. The "
    assert ended in capsys.readouterr().out
    again = Run(recipe, run.setting)
    assert again.resume()
    train(again, corpora)
    assert again.iteration == run.iteration
    assert ended in capsys.readouterr().out
    weights = checkpoint.load_weights("run", tmp_path, tmp_path)
    assert weights.keys() == run.net.state_dict().keys()
    assert (tmp_path / "run" / "best.pt").exists()
