"""The work on one input over stores, in memory: what is written, and what is kept."""

import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sr_batch.batch.loading import load_file
from sr_batch.core.errors import StorageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, Failed, JobResult, NotRun, Planned, Skipped
from sr_batch.distributed.job import KeyedJob, KeyedSidecar, Seen
from sr_batch.distributed.manifests import read_manifests
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.distributed.worker import KeyedWorker
from sr_batch.stores.location import Place
from tests.distributed.memory_store import IN, OUT, MemoryStore, picture
from tests.fakes import FakeUpscaler


@dataclass
class Run:
    """A run over two stores in memory, one job at a time."""

    inputs: MemoryStore = field(default_factory=lambda: MemoryStore(IN.url))
    outputs: MemoryStore = field(default_factory=lambda: MemoryStore(OUT.url))
    options: UpscaleOptions = field(default_factory=UpscaleOptions)
    upscaler: FakeUpscaler = field(default_factory=FakeUpscaler)
    halt: threading.Event = field(default_factory=threading.Event)
    said: list[str] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.inputs.put("a.png", picture(1))

    def __call__(
        self,
        key: str = "a.png",
        change: Callable[[KeyedJob], KeyedJob] = lambda job: job,
        **spec: object,
    ) -> JobResult:
        """The result of one job for ``key`` in a run of its own."""
        self.number += 1
        made = WorkerSpec((IN,), OUT, self.options, f"run{self.number}", **spec)  # type: ignore[arg-type]
        worker = KeyedWorker(
            pickle.loads(pickle.dumps(made)),
            self.upscaler,
            self.halt,
            lambda pixels: None,
            self.said.append,
            load_file,
            lambda place: self.inputs if place == IN else self.outputs,
        )
        result = worker(
            pickle.loads(pickle.dumps(change(KeyedJob(self.inputs.objects[key][0].item))))
        )
        worker.close()
        return result


@pytest.fixture
def run() -> Run:
    return Run()


def test_makes_an_output_with_its_facts(run: Run) -> None:
    result = run()
    assert isinstance(result, Done)
    assert (result.input, result.output) == ("s3://bucket/in/a.png", "s3://bucket/out/a.png")
    assert run.outputs.pictures() == ["a.png"]
    facts = run.outputs.objects["a.png"][0].facts
    assert facts["sr-source"] == "s3://bucket/in/a.png"
    assert facts["sr-version"] == run.inputs.objects["a.png"][0].item.version
    assert facts["sr-modified"] == "1000000.0"
    [record] = read_manifests(run.outputs)
    assert (record.key, record.version) == ("a.png", run.outputs.objects["a.png"][0].item.version)


def test_skips_what_is_done_without_a_download(run: Run) -> None:
    run()
    run.inputs.calls.clear()
    result = run()
    assert isinstance(result, Skipped)
    assert (result.reason, result.output) == ("already done", "s3://bucket/out/a.png")
    assert not run.inputs.calls
    assert run.outputs.writes["a.png"] == 1


def test_listing_and_manifest_together_need_no_request(run: Run) -> None:
    run()
    [record] = read_manifests(run.outputs)
    run.inputs.calls.clear()
    run.outputs.calls.clear()
    known = Seen(run.outputs.objects["a.png"][0].item, record)
    result = run(change=lambda job: job._replace(known=known, listed=True))
    assert isinstance(result, Skipped)
    assert not run.inputs.calls
    assert not run.outputs.calls


def test_a_changed_input_replaces_its_own_output(run: Run) -> None:
    run()
    run.inputs.put("a.png", picture(2))
    assert isinstance(run(), Done)
    assert run.outputs.writes["a.png"] == 2


def test_the_same_content_in_a_new_version_is_done(run: Run) -> None:
    run()
    run.inputs.put("a.png", picture(1))
    assert isinstance(run(), Skipped)
    assert run.outputs.writes["a.png"] == 1


def test_other_settings_replace_the_output_and_say_so(run: Run) -> None:
    run()
    run.upscaler = FakeUpscaler(recipe="other")
    assert isinstance(run(), Done)
    assert run.outputs.writes["a.png"] == 2
    assert "has outputs of another model or other settings" in run.said[0]


@pytest.mark.parametrize("content", [b"something else", picture(3, (12, 8))])
def test_an_object_that_a_person_put_there_is_kept(run: Run, content: bytes) -> None:
    run.outputs.put("a.png", content)
    result = run()
    assert isinstance(result, Failed)
    assert "exists and is not recorded as an output, so it is kept" in result.error
    assert run.outputs.data("a.png") == content


def test_the_same_bytes_without_facts_get_them(run: Run) -> None:
    run()
    made = run.outputs.data("a.png")
    run.outputs.put("a.png", made)
    assert isinstance(run(), Done)
    assert "sr-source" in run.outputs.objects["a.png"][0].facts


def test_existing_decides_about_objects_of_others(run: Run) -> None:
    run.outputs.put("a.png", b"something else")
    run.options = UpscaleOptions(existing="skip")
    assert run() == Skipped(
        "s3://bucket/in/a.png", "s3://bucket/out/a.png", "another file has its name"
    )
    run.options = UpscaleOptions(existing="overwrite")
    assert isinstance(run(), Done)


def test_an_output_that_was_edited_is_kept(run: Run) -> None:
    run()
    [record] = read_manifests(run.outputs)
    edited = run.outputs.put("a.png", picture(3, (12, 8)))
    known = Seen(edited, record)
    result = run(change=lambda job: job._replace(known=known, listed=True))
    assert isinstance(result, Skipped)
    assert "changed since and is kept" in result.reason


def test_an_output_of_another_input_is_kept(run: Run) -> None:
    run()
    run.inputs.put("b.png", picture(2))
    result = run("b.png", file="a.png")
    assert isinstance(result, Failed)
    assert "was made from another input (s3://bucket/in/a.png)" in result.error


def test_a_lost_answer_is_recognised(run: Run) -> None:
    run.outputs.lost.add("a.png")
    assert isinstance(run(), Done)
    assert run.outputs.writes["a.png"] == 1


def test_an_output_that_another_run_makes_meanwhile_is_done(run: Run) -> None:
    other = Run(run.inputs, run.outputs, number=10)

    def make(key: str) -> None:
        run.outputs.before_publish = lambda key: None
        assert isinstance(other(), Done)

    run.outputs.before_publish = make
    assert isinstance(run(), Skipped)
    assert run.outputs.writes["a.png"] == 1


def test_an_object_that_appears_meanwhile_is_kept(run: Run) -> None:
    def appear(key: str) -> None:
        run.outputs.before_publish = lambda key: None
        run.outputs.put("a.png", b"mine")

    run.outputs.before_publish = appear
    result = run()
    assert isinstance(result, Failed)
    assert "so it is kept" in result.error
    assert run.outputs.data("a.png") == b"mine"


def test_an_input_that_changes_is_read_once_more(run: Run) -> None:
    def change(key: str) -> None:
        run.inputs.before_read = lambda key: None
        run.inputs.put("a.png", picture(2))

    run.inputs.before_read = change
    assert isinstance(run(), Done)
    newest = run.inputs.objects["a.png"][0].item.version
    assert run.outputs.objects["a.png"][0].facts["sr-version"] == newest


def test_an_input_that_changes_again_and_again_fails(run: Run) -> None:
    seeds = iter(range(2, 99))

    def change(key: str) -> None:
        run.inputs.put("a.png", picture(next(seeds)))

    run.inputs.before_read = change
    result = run()
    assert isinstance(result, Failed)
    assert "it changed after it was listed" in result.error
    assert not run.outputs.pictures()


def test_an_input_that_was_deleted_fails(run: Run) -> None:
    run.inputs.before_read = lambda key: run.inputs.objects.clear()
    result = run()
    assert isinstance(result, Failed)
    assert "it was deleted after it was listed" in result.error


def test_a_key_that_is_too_long_with_its_prefix_is_refused_before_the_work(run: Run) -> None:
    key = f"{'k' * (1024 - len('out/a.png') + 1)}a.png"
    run.inputs.put(key, picture(2))
    result = run(key)
    assert isinstance(result, Failed)
    assert "longer than 1024 bytes" in result.error
    assert run.upscaler.names == []


def test_named_inputs_are_never_overwritten(run: Run) -> None:
    run.options = UpscaleOptions(existing="overwrite")
    run.outputs.put("a.png", b"an input, too")
    result = run(named=frozenset({"s3://bucket/out/a.png"}))
    assert isinstance(result, Failed)
    assert "is an input and is never overwritten" in result.error


def test_a_full_store_ends_the_run(run: Run) -> None:
    def full(key: str) -> None:
        raise StorageError("s3://bucket is full")

    run.outputs.before_publish = full
    result = run()
    assert isinstance(result, Failed)
    assert result.cause == "disk"
    assert run.halt.is_set()
    assert isinstance(run(), NotRun)


def test_formats_that_are_not_read_are_skipped(run: Run) -> None:
    run.inputs.put("a.cr3", b"raw")
    kind = "camera raw (.cr3)"
    result = run("a.cr3", lambda job: job._replace(unread=kind))
    assert result == Skipped("s3://bucket/in/a.cr3", None, f"not read: {kind}")


def test_the_content_decides_the_format(run: Run) -> None:
    run.inputs.put("b.png", picture(1, kind="JPEG"))
    result = run("b.png", lambda job: job._replace(listed=True))
    assert isinstance(result, Done)
    assert result.output == "s3://bucket/out/b.jpg"


def test_a_template_names_outputs(run: Run) -> None:
    run.options = UpscaleOptions(name="{reldir}/{stem}_{width}{ext}", format="jpg")
    run.inputs.put("x/b.png", picture(1))
    run("x/b.png")
    assert run.outputs.pictures() == ["x/b_12.jpg"]


def test_a_dry_run_writes_nothing(run: Run) -> None:
    assert isinstance(run(dry=True), Planned)
    assert not run.outputs.objects


def test_no_record_leaves_no_facts_and_no_manifest(run: Run) -> None:
    run.options = UpscaleOptions(record=False)
    run()
    assert list(run.outputs.objects) == ["a.png"]
    assert set(run.outputs.objects["a.png"][0].facts) == {"sr-modified"}


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- %d --></x:xmpmeta>'


def with_sidecar(run: Run, number: int) -> Callable[[KeyedJob], KeyedJob]:
    item = run.inputs.put("a.xmp", XMP % number)
    copy = run.outputs.objects.get("a.xmp")
    seen = Seen(copy[0].item if copy else None)
    return lambda job: job._replace(sidecars=(KeyedSidecar(item, seen),))


def test_sidecars_are_copied_and_copied_again_when_they_change(run: Run) -> None:
    run(change=with_sidecar(run, 1))
    assert run.outputs.pictures() == ["a.png", "a.xmp"]
    result = run(change=with_sidecar(run, 2))
    assert isinstance(result, Skipped)
    assert b"2" in run.outputs.data("a.xmp")
    assert run.outputs.writes["a.png"] == 1


def test_a_sidecar_that_is_copied_needs_no_download(run: Run) -> None:
    change = with_sidecar(run, 1)
    run(change=change)
    run.inputs.calls.clear()
    assert isinstance(run(change=change), Skipped)
    assert not run.inputs.calls


def test_a_sidecar_of_a_person_is_kept_with_a_note(run: Run) -> None:
    run.outputs.put("a.xmp", b"mine")
    result = run(change=with_sidecar(run, 1))
    assert isinstance(result, Done)
    assert "a.xmp was not copied" in result.notes[0]
    assert run.outputs.data("a.xmp") == b"mine"


def test_places_of_windows_and_buckets_pickle() -> None:
    spec = WorkerSpec((Place("photos"),), OUT, UpscaleOptions(), "run")
    assert pickle.loads(pickle.dumps(spec)) == spec
