"""The sums of runs over stores, for people."""

from dataclasses import replace

from sr_batch.cli.run_status import describe
from sr_batch.distributed.progress_file import RunRecord, latest

NOW = 1_000_000.0
RUN = RunRecord("r1", ("s3://b/in",), "1/3", "finished", NOW - 500, NOW - 100, done=7, failed=1)


def test_adds_up_shards_and_names_those_that_need_a_hand() -> None:
    killed = replace(RUN, run="r2", shard="2/3", state="running", updated=NOW - 600, failed=0)
    assert describe([RUN, killed], NOW) == [
        "inputs: s3://b/in",
        "shards: 3, begun: 2, finished: 1",
        "done: 14, skipped: 0, failed: 1, not run: 0",
        "shard 2/3: no news, so it may have been killed: start it again, 7 done, last news"
        " 10 min ago",
        "not begun: 3/3",
    ]


def test_a_single_run_has_a_line() -> None:
    running = replace(RUN, shard="1/1", state="running", updated=NOW - 20)
    assert describe([running], NOW)[-1] == "run: running, 7 done, last news 20 s ago"


def test_the_newest_run_of_each_shard_counts() -> None:
    again = replace(RUN, run="r2", started=NOW - 50)
    second = replace(RUN, run="r3", shard="2/3")
    others = replace(RUN, run="r4", inputs=("s3://b/other",), started=NOW - 900)
    coarser = replace(RUN, run="r5", shard="1/2", started=NOW - 900)
    found = latest([RUN, others, again, second, coarser])
    assert [each.run for each in found] == ["r2", "r3"]
    assert latest([]) == []
