"""One run over stores: lists its inputs, and yields their results."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from sr_batch.batch.input_choice import Choice
from sr_batch.core.errors import SrBatchError, UsageError
from sr_batch.core.results import JobResult, one_line
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.known_records import KnownRecords
from sr_batch.distributed.listing import Listing
from sr_batch.distributed.manifests import read_manifests
from sr_batch.distributed.names import OutputNames
from sr_batch.distributed.plan import ALL, KeyedPlan
from sr_batch.distributed.progress_file import ProgressFile, RunRecord, State
from sr_batch.distributed.spec import Engine
from sr_batch.distributed.stream_estimate import StreamEstimate
from sr_batch.stores.location import Place
from sr_batch.stores.opening import open_store
from sr_batch.stores.store import Store


def results_of(
    plan: KeyedPlan,
    engine: Engine,
    stop: threading.Event,
    told: Callable[[str], None] = lambda name: None,
    opened: Callable[[Place], Store] = open_store,
) -> Iterator[JobResult]:
    """Carry out ``plan``. Yields one result for each input that was listed.

    Args:
        plan: From `plan_run`.
        engine: Carries out the jobs.
        stop: Once set, images in flight are dropped or finished whole, and no more are listed.
        told: About items that other programs left behind, which are passed over.
        opened: Opens stores.

    Raises:
        SrBatchError: after the last result, the error that ended the run early.
    """
    records = plan.request.options.record and not plan.request.dry
    outputs = opened(plan.spec.target)
    progress = ProgressFile(outputs, _begun(plan)) if records else None
    if progress:
        progress.begin()
    state: State = "stopped"
    try:
        known = read_manifests(outputs) if plan.request.options.record else ()
        with KnownRecords(known) as table:
            jobs = _jobs(plan, _listing(plan, outputs, table, told), opened)
            for result in engine(plan.spec, jobs, stop):
                if progress:
                    progress.add(result)
                yield result
        state = "stopped" if stop.is_set() else "finished"
    finally:
        if progress:
            progress.end(state)


def _listing(
    plan: KeyedPlan, outputs: Store, records: KnownRecords, told: Callable[[str], None]
) -> Listing:
    options, shard = plan.request.options, plan.request.shard
    return Listing(
        target=plan.spec.target,
        outputs=outputs,
        names=OutputNames.of_options(options, plan.spec.file),
        choice=Choice(options.recursive, options.include, options.exclude, options.ignore),
        numbers=options.on_collision == "number",
        shard=None if shard == ALL else shard,
        named=plan.spec.named,
        records=records,
        told=told,
    )


def _jobs(
    plan: KeyedPlan, listing: Listing, opened: Callable[[Place], Store]
) -> Iterator[KeyedJob]:
    for number, root in enumerate(plan.roots):
        before = plan.found.planned
        for job in listing.jobs(root, number, opened(root.place)):
            plan.found.planned += 1
            if plan.found.estimate:
                name = root.place.below(job.source.key)
                plan.found.estimate.take(name, job, is_new=bool(root.named))
            yield job
        if root.pattern and plan.found.planned == before and listing.shard is None:
            raise UsageError(f"{one_line(root.text)}: the pattern matches no image")
    plan.found.has_ended = True
    if plan.found.estimate:
        plan.found.estimate.is_taken = True


def count_inputs(
    plan: KeyedPlan, stop: threading.Event, opened: Callable[[Place], Store] = open_store
) -> StreamEstimate:
    """Count all inputs in a thread, until ``stop`` is set: their places are listed once more.

    Call it before `results_of`, which tells the estimate what is taken.
    """
    plan.found.estimate = StreamEstimate()
    arguments = (plan, plan.found.estimate, stop, opened)
    threading.Thread(target=_count, args=arguments, daemon=True, name="count").start()
    return plan.found.estimate


def _count(
    plan: KeyedPlan,
    estimate: StreamEstimate,
    stop: threading.Event,
    opened: Callable[[Place], Store],
) -> None:
    with suppress(SrBatchError), KnownRecords() as none:  # the run itself says what is wrong
        listing = _listing(plan, opened(plan.spec.target), none, lambda name: None)
        for number, root in enumerate(plan.roots):
            if root.named:  # its size takes a request
                if not listing.shard or listing.shard.takes(root.named.rpartition("/")[2]):
                    estimate.count(None)
                continue
            for job in listing.jobs(root, number, opened(root.place)):
                estimate.count(job)
                if stop.is_set() or plan.found.has_ended:
                    return
        estimate.is_counted = True


def _begun(plan: KeyedPlan) -> RunRecord:
    now = time.time()
    inputs, shard = tuple(plan.request.inputs), str(plan.request.shard)
    return RunRecord(plan.spec.run, inputs, shard, "running", now, now)
