from collections.abc import Iterable

from sr_batch.cli.summary import Tally
from sr_batch.core.geometry import Size
from sr_batch.core.results import Done, Failed, JobResult, NotRun, Skipped

DONE = Done("a.png", "b.png", 2.0, Size(1000, 500), Size(2000, 1000), "espcn", 2, "CPU")
SKIPPED = Skipped("c.png", "d.png", "already done")
FAILED = Failed("e.png", None, "e.png: empty file")
NOT_RUN = NotRun("f.png", None, "stopped")


def closing_line(*results: JobResult, planned: int = 0) -> str:
    tally = tally_of(results)
    return tally.describe(tally.sum_up(planned or len(results), 4.0, 0))


def tally_of(results: Iterable[JobResult]) -> Tally:
    tally = Tally()
    for result in results:
        tally.add(result)
    return tally


def test_the_sums_add_up() -> None:
    results: list[JobResult] = [DONE, SKIPPED, FAILED, FAILED, NOT_RUN]
    summary = tally_of(results).sum_up(9, 1.0, 130)
    assert (summary.done, summary.skipped, summary.failed) == (1, 1, 2)
    assert summary.not_run == 5  # one reported it, four have no result
    assert summary.planned == 9


def test_states_only_counts_above_zero() -> None:
    assert closing_line(DONE) == "1 image: 1 done in 4.0 s (0.12 input megapixels per second)"
    assert closing_line(SKIPPED, SKIPPED) == "2 images: 2 skipped (already done) in 4.0 s"
    assert closing_line(DONE, FAILED, NOT_RUN) == (
        "3 images: 1 done, 1 failed, 1 not run in 4.0 s (0.12 input megapixels per second)"
    )


def test_counts_the_reasons_why_inputs_were_skipped() -> None:
    raws = [Skipped(f"{n}.cr3", None, "not read: camera raw (.cr3)") for n in range(2)]
    assert closing_line(*raws, SKIPPED) == (
        "3 images: 3 skipped (2 not read: camera raw (.cr3); 1 already done) in 4.0 s"
    )
    others = [Skipped(f"{n}.x", None, f"not read: format {n} (.x)") for n in range(10)]
    assert closing_line(*raws, *others, SKIPPED) == (
        "13 images: 13 skipped (12 not read: 2 camera raw (.cr3), "
        + ", ".join(f"1 format {n} (.x)" for n in range(10))
        + "; 1 already done) in 4.0 s"
    )
    many = [Skipped("a", None, f"reason {n}") for n in range(12)]
    assert "; 4 for other reasons) in" in closing_line(*many)
