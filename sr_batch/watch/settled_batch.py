"""Plans a batch of settled files and runs it through the engine."""

import threading
from collections.abc import Iterator, Sequence

from sr_batch.batch import engine
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.inputs import Source
from sr_batch.batch.loading import Loader
from sr_batch.batch.planning import Plan, plan_sources
from sr_batch.core.errors import OutputCollision
from sr_batch.core.results import Failed, JobResult
from sr_batch.watch.activity import Activity
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.listener import Listener
from sr_batch.watch.output_names import OutputNames

Candidates = Sequence[Source | Failed]


def enlarge_batch(
    found: Candidates,
    names: OutputNames,
    upscaler: Enlarger,
    load: Loader,
    listener: Listener,
    activity: Activity,
    stop: threading.Event,
) -> Iterator[JobResult]:
    """Enlarge ``found``; one result for each, in any order.

    Raises:
        StorageError: the disk is full or failing.
    """

    def report_step(_pixels: int) -> None:
        listener.alive()
        activity.refresh()

    pair = names.pair
    for planned in plans(found, pair, upscaler.model, load, listener):
        plan = names.assign(planned)
        yield from engine.run(
            plan, upscaler, pair.options, report_step, stop, activity.following(load), listener.say
        )


def plans(
    found: Candidates, pair: Pair, model: str, load: Loader, listener: Listener
) -> Iterator[Plan]:
    """One plan for all of ``found``, or one for each if two of them would write one output."""
    output, options = str(pair.output), pair.options
    try:
        yield plan_sources(found, output, options, model, listener.say, load)
    except OutputCollision:
        for each in found:
            try:
                yield plan_sources([each], output, options, model, listener.say, load)
            except OutputCollision as error:
                name = str(each.path if isinstance(each, Source) else each.input)
                yield Plan((), (Failed(name, None, str(error)),))
