"""Says why a run found no image: the folders hold none, or a filter left all of them out."""

from collections.abc import Sequence
from dataclasses import replace

from sr_batch.batch.input_choice import Choice
from sr_batch.batch.inputs import find_sources
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import one_line
from sr_batch.core.shard import Shard


def nothing_in_folders(
    inputs: Sequence[str], options: UpscaleOptions, shard: Shard | None = None
) -> str:
    """The line for files and folders, which are searched again without the filters."""
    if shard:
        return f"{nothing_at(inputs)} for shard {shard}"
    choice = Choice(options.recursive, options.include, options.exclude, options.ignore)
    everything = find_sources(inputs, replace(choice, include=(), exclude=()))
    filters = _filters(options)
    if filters and any(True for _ in everything):
        verb = "leave" if " and " in filters else "leaves"
        return f"{nothing_at(inputs)}: {filters} {verb} all of them out"
    return nothing_at(inputs)


def nothing_at(inputs: Sequence[str]) -> str:
    """The line for places that are not searched again."""
    return f"no images found in {one_line(', '.join(inputs))}"


def _filters(options: UpscaleOptions) -> str:
    """The filters as the command line has them."""
    given = [("--include", each) for each in options.include]
    given += [("--exclude", each) for each in options.exclude]
    return one_line(" and ".join(f"{flag} '{pattern}'" for flag, pattern in given))
