"""Plans of so many inputs that only the first ones are planned before the work."""

import os
import threading
from pathlib import Path

import pytest

from sr_batch.batch.engine import run
from sr_batch.batch.input_choice import Choice
from sr_batch.batch.inputs import find_sources
from sr_batch.batch.job import Job
from sr_batch.batch.output_ledger import Entry, Ledger
from sr_batch.batch.planning import Plan, plan_jobs
from sr_batch.core.errors import OutputCollision, StorageError, UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed, JobResult, Skipped
from sr_batch.core.shard import Shard
from tests.fakes import FakeUpscaler, save_picture
from tests.runs import count, tree

pytestmark = pytest.mark.usefixtures("here")

OPTIONS = UpscaleOptions()
PNG = UpscaleOptions(format="png")


def plan(
    *inputs: str,
    output: str | None = None,
    options: UpscaleOptions = OPTIONS,
    window: int = 2,
    shard: Shard | None = None,
    claim: bool = False,
) -> Plan:
    return plan_jobs(
        inputs, output, options, "nearest", pytest.fail, claim=claim, shard=shard, window=window
    )


def pictures(*names: str) -> None:
    for number, name in enumerate(names):
        save_picture(Path(name), number)


def work(made: Plan, options: UpscaleOptions = OPTIONS) -> list[JobResult]:
    return list(run(made, FakeUpscaler(), options, lambda pixels: None, threading.Event()))


def targets(made: Plan) -> dict[str, str]:
    entries = [*made.jobs, *(made.rest or ())]
    return {str(each.source): str(each.target) for each in entries if isinstance(each, Job)}


def failures(made: Plan) -> list[str]:
    return [each.error for each in made.rest or () if isinstance(each, Failed)]


# what is planned


@pytest.mark.parametrize("output", [None, "out", "in", "in/out"])
def test_plans_the_same_as_a_whole_plan(output: str | None) -> None:
    pictures("in/a.png", "in/b.jpg", "in/c/a.png", "in/c/d/a.png", "in/e.png", "in/out/f.png")
    Path("in/c/broken.png").write_bytes(b"x")
    whole = plan("in", output=output, window=100)
    assert whole.rest is None
    for window in (1, 2, 5):
        made = plan("in", output=output, window=window)
        assert made.rest is not None
        assert len(made.jobs) + len(made.settled) == window + 1
        assert targets(made) == targets(whole)
        assert made.rest.planned == 7 - (window + 1)


def test_does_all_the_work_and_the_next_run_does_none() -> None:
    pictures(*(f"in/{letter}/{number}.png" for letter in "abc" for number in range(4)))
    made = plan("in", claim=True)
    assert count(work(made)) == {"done": 12}
    assert len(tree("in_sr")) == 12
    assert count(work(plan("in", claim=True))) == {"skipped": 12}


def test_each_input_folder_has_its_own_output_folder() -> None:
    pictures("a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png")
    work(plan("a", "b", claim=True))
    other = plan_jobs(["a", "b"], None, OPTIONS, "other", lambda text: None, window=2)
    assert set(targets(other).values()) == {
        *(f"a_x2_other/{n}.png" for n in (1, 2, 3)),
        *(f"b_x2_other/{n}.png" for n in (1, 2)),
    }


def test_numbers_are_given_after_all_inputs_are_known() -> None:
    pictures("in/a.bmp", "in/a.png", "in/a_2.bmp", "in/b.png")
    numbered = UpscaleOptions(format="png", on_collision="number")
    assert plan("in", options=numbered).rest is None
    assert targets(plan("in", options=numbered))["in/a.png"] == "in_sr/a_3.png"


# collisions


def test_a_collision_in_the_first_window_is_refused_before_any_work() -> None:
    pictures("in/a.bmp", "in/a.png", "in/b.png", "in/c.png")
    with pytest.raises(OutputCollision, match=r"in/a\.bmp and in/a\.png would both"):
        plan("in", options=PNG)


def test_a_later_collision_fails_in_the_same_words() -> None:
    pictures("in/a.png", "in/b.png", "in/c.png", "in/d/a.bmp", "in/d/a.png", "in/e.png")
    with pytest.raises(OutputCollision) as caught:
        plan("in", options=PNG, window=100)
    assert failures(plan("in", options=PNG)) == [str(caught.value)]
    assert count(work(plan("in", options=PNG, claim=True))) == {"done": 5, "failed": 1}


def test_a_collision_with_the_first_window_is_found_later() -> None:
    pictures("a/x.png", "a/y.png", "a/z.png", "b/x.png", "b/new.png")
    (error,) = failures(plan("a", "b", output="out"))
    assert error.startswith("a/x.png and b/x.png would both be written to out/x.png")


def test_names_that_the_disk_keeps_apart_do_not_collide_later() -> None:
    pictures("in/a.png", "in/b.png", "in/c.png", "in/d.png", "in/D.png")
    assert failures(plan("in")) == []


@pytest.mark.parametrize("existing", ["error", "overwrite"])
def test_an_output_over_a_later_input_is_refused_before_any_work(existing: str) -> None:
    pictures("a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png", "b/3.png")
    options = UpscaleOptions(existing=existing)  # type: ignore[arg-type]
    with pytest.raises(OutputCollision, match=r"b/1\.png is an input and is never overwritten"):
        plan("a", "b", output="b", options=options)


def test_an_output_over_a_linked_input_is_refused_before_any_work() -> None:
    pictures("in/a.png", "in/b.png", "in/c.png", "out/a.png")
    Path("in/z.png").symlink_to("../out/a.png")
    with pytest.raises(
        OutputCollision, match=r"in/z\.png \(a link to .* is an input and is never overwritten"
    ):
        plan("in", output="out", options=UpscaleOptions(existing="overwrite"))


def test_an_input_that_is_named_again_later_is_one_job() -> None:
    pictures("in/a.png", "in/b.png", "in/c.png", "in/d.png")
    made = plan("in", "in", "in/a.png", output="out")
    assert len(made.jobs) + len(list(made.rest or ())) == 4


def test_outputs_of_this_run_are_no_inputs() -> None:
    """They are written to a folder that is searched after the first."""
    pictures("a/1.png", "a/2.png", "a/3.png", "b/4.png", "b/5.png")
    options = UpscaleOptions(record=False)
    results = work(plan("a", "b", output="b", options=options), options)
    assert count(results) == {"done": 5}
    assert {str(Path(name).name) for name in tree("b")} >= {"1.png", "4_x2_nearest.png"}
    assert len(tree("b")) == 7


def test_outputs_of_earlier_runs_are_skipped_later_too() -> None:
    pictures("in/a.png", "in/b.png", "in/c.png", "in/d.png", "in/e.png")
    for name in ("a", "e"):
        Ledger(Path("in"), pytest.fail).record(Path(f"in/{name}.png"), Entry("", "", "", Path()))
    for output in ("in", "out"):
        made = plan("in", output=output)
        (skipped,) = [each for each in made.rest or () if isinstance(each, Skipped)]
        assert skipped.input == "in/e.png"
        assert "made by sr-batch itself" in skipped.reason


# what goes wrong


@pytest.mark.parametrize("missing", ["gone", "gone/*.png", "in/*.bmp"])
def test_a_wrong_input_is_refused_before_any_work(missing: str) -> None:
    pictures("in/a.png", "in/b.png", "in/c.png", "in/d.png")
    with pytest.raises(UsageError):
        plan("in", missing)
    with pytest.raises(UsageError, match="must be the only input"):
        plan("in", "-")


def test_an_input_that_is_removed_during_the_run_fails() -> None:
    pictures("in/a.png", "in/b.png", "in/c.png", "d.png", "e.png")
    made = plan("in", "d.png", "e.png", output="out")
    Path("d.png").unlink()
    assert failures(made) == ["d.png: no such file or folder"]


def test_a_run_that_is_stopped_plans_no_more() -> None:
    pictures(*(f"in/{number}.png" for number in range(9)))
    made, stop = plan("in"), threading.Event()
    stop.set()
    results = list(run(made, FakeUpscaler(), OPTIONS, lambda pixels: None, stop))
    assert count(results) == {"not_run": 3}
    assert made.rest is not None
    assert made.rest.planned == 0
    assert not made.rest.has_ended


def test_an_error_while_planning_ends_the_run_after_the_results(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictures(*(f"in/{number}.png" for number in range(9)))
    made = plan("in", claim=True)

    def is_full(*_: object) -> None:
        raise StorageError("no space for names")

    monkeypatch.setattr("sr_batch.batch.stored_names.StoredNames._put", is_full)
    results = []
    with pytest.raises(StorageError, match="no space for names"):
        for result in run(made, FakeUpscaler(), OPTIONS, lambda pixels: None, threading.Event()):
            results.append(result)  # noqa: PERF402 - it raises at the end
    assert len(results) == 3


def test_counts_what_is_still_to_be_planned() -> None:
    pictures(*(f"in/{number}.png" for number in range(9)))
    rest = plan("in").rest
    assert rest is not None
    assert (rest.left, rest.is_counted) == (0, False)
    rest._count(threading.Event())
    assert (rest.left, rest.is_counted) == (6, True)
    list(rest)
    assert (rest.left, rest.planned, rest.is_counted) == (0, 6, True)


# shards


def test_shards_share_the_inputs() -> None:
    pictures(*(f"in/{letter}/{number}.png" for letter in "abc" for number in range(5)))
    Path("in/a/broken.png").write_bytes(b"x")
    os.mkfifo("in/b/pipe.png")
    whole = plan("in", window=100)
    parts = [plan("in", window=window, shard=Shard(n, 3)) for n, window in enumerate((1, 9, 9))]
    jobs = [job for part in parts for job in targets(part).items()]
    assert sorted(jobs) == sorted(targets(whole).items())
    assert all(targets(part) for part in parts)


def test_what_cannot_be_read_is_a_failure_of_one_shard() -> None:
    Path("in").mkdir()
    for name in ("in/a.png", "in/b.png", "in/c.png"):
        os.mkfifo(name)
    found = [list(find_sources(["in"], Choice(shard=Shard(n, 4)))) for n in range(4)]
    assert sum(map(len, found)) == 3


def test_a_shard_never_writes_over_the_input_of_another() -> None:
    names = [f"{folder}/{number}.png" for folder in "ab" for number in range(9)]
    pictures(*names)
    with pytest.raises(OutputCollision, match="is an input and is never overwritten"):
        plan("a", "b", output="b", shard=Shard(0, 2), window=100)


def test_a_shard_takes_a_folder_as_output_like_the_others() -> None:
    pictures("in/a.png", "in/b.png")
    for index in range(2):
        with pytest.raises(UsageError, match=r"-o x\.png names a file"):
            plan("in/*.png", output="x.png", shard=Shard(index, 2))


def test_shards_refuse_what_they_cannot_share() -> None:
    pictures("in/a.png")
    with pytest.raises(UsageError, match="--on-collision number cannot be combined"):
        plan("in", options=UpscaleOptions(on_collision="number"), shard=Shard(0, 2))
    with pytest.raises(UsageError, match="--shard divides files, not standard input"):
        plan("-", shard=Shard(0, 2))
