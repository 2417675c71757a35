"""Turns keyword arguments into options, and messages about flags into messages about arguments."""

import os
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

from sr_batch.core.errors import SrBatchError, UsageError
from sr_batch.core.option import Option, options_of
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, Failed, JobResult, NotRun, Skipped
from sr_batch.importing.adding import usable
from sr_batch.inference.providers import PROVIDERS
from sr_batch.inference.user_models import with_own_scale

_OPTIONS = {each.name: each for each in options_of(UpscaleOptions)}
_ARGUMENTS = {"upscale": ("image",), "upscale_batch": ("inputs", "output")}
_WORK = ("progress", "stop")  # what both functions take besides the options
_FLAG = re.compile(r"--(?P<name>[a-z][a-z-]*)(?P<rest> [\w.-]*\w)?|(?<![\w-])-o\b")


def read_options(
    function: str,
    model: str | os.PathLike[str],
    scale: float | str | None,
    options: Mapping[str, Any],
    notify: Callable[[str], None],
) -> UpscaleOptions:
    """The options that a caller of ``function`` asks for, with a model that can be opened.

    Numbers may be text, as on the command line.

    Args:
        function: Its name, for messages.
        model: Name of a network, or a path.
        scale: As in `UpscaleOptions`.
        options: Other fields of `UpscaleOptions`.
        notify: Receives lines about a file that is added as a model.

    Raises:
        UsageError: an option is unknown, or out of its range.
        UnknownModel: there is no such file.
        ImportRefused: the file cannot become a model.
    """
    for name in options:
        if name not in _OPTIONS:
            raise UsageError(f"{function}() has no option {name!r}{_nearest(function, name)}")
    given = {**options, "model": model, "scale": scale}
    chosen = UpscaleOptions(**{name: _value(_OPTIONS[name], given[name]) for name in given})
    return with_own_scale(replace(chosen, model=usable(chosen.model, notify)))


def read_texts(name: str, value: object, allowed: str = "a path, or several") -> list[str]:
    """The paths or texts in the argument ``name``: one, or several. Raises UsageError."""
    if isinstance(value, str | os.PathLike):
        return [os.fspath(value)]
    several = list(value) if isinstance(value, Iterable) else None
    if several is None or not all(isinstance(each, str | os.PathLike) for each in several):
        raise _refused(name, value if several is None else several, allowed)
    return [os.fspath(each) for each in several]


def check_output(output: object) -> None:
    """Raise UsageError unless ``output`` is a path or None."""
    if not isinstance(output, str | os.PathLike | None):
        raise _refused("output", output, "a path")


def check_work(progress: object, stop: object) -> None:
    """Raise UsageError unless ``progress`` is a function or None, and ``stop`` an event or None."""
    if progress is not None and not callable(progress):
        raise _refused("progress", progress, "a function that takes the finished share")
    if stop is not None and not callable(getattr(stop, "is_set", None)):
        raise _refused("stop", stop, "a threading.Event")


@contextmanager
def without_flags() -> Iterator[None]:
    """Let messages of errors name arguments, not the flags of the command line."""
    try:
        yield
    except SrBatchError as error:
        raise type(error)(named(str(error))) from error


def named(text: str) -> str:
    """A message that names arguments, for one that names flags."""
    return _FLAG.sub(_as_argument, text)


def named_in(result: JobResult) -> JobResult:
    """``result`` with messages that name arguments."""
    match result:
        case Done():
            return replace(result, notes=tuple(map(named, result.notes)))
        case Failed():
            return replace(result, error=named(result.error))
        case Skipped() | NotRun():
            return replace(result, reason=named(result.reason))
        case _:
            return result


def _nearest(function: str, name: str) -> str:
    nearest = get_close_matches(name, (*_ARGUMENTS[function], *_WORK, *_OPTIONS), n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def _value(option: Option, value: Any) -> Any:
    """The value of a field of `UpscaleOptions` for what a caller gave."""
    if value is None:
        return None  # the check of all values says so where a value is needed
    kind = option.kind
    if kind is bool and not isinstance(value, bool):
        raise _refused(option.name, value, "True or False")
    if isinstance(value, str | os.PathLike):
        text = os.fspath(value)
        return (text,) if option.takes_many else option.parse(text) if option.allowed else text
    if option.takes_many:
        return tuple(read_texts(option.name, value, "text, or several"))
    if kind is str:
        raise _refused(option.name, value, "text")
    if kind is not bool and isinstance(value, bool):  # Python counts True as 1
        raise _refused(option.name, value, "a number")
    if kind is int and isinstance(value, Real) and not isinstance(value, Integral):
        if not float(value).is_integer():
            raise _refused(option.name, value, "a whole number")
        return int(float(value))
    return value


def _refused(name: str, value: object, allowed: str) -> UsageError:
    shown = " ".join(reprlib.repr(value).split())  # an array has many lines
    return UsageError(f"{name}={shown}: must be {allowed}")


def _as_argument(flag: re.Match[str]) -> str:
    """``max_pixels=9`` for ``--max-pixels 9``; what is no option is left as it is."""
    if flag[0] == "-o":
        return "output"
    name, rest = flag["name"].replace("-", "_"), flag["rest"] or ""
    option = _OPTIONS.get(name)
    if option is None:
        return flag[0]
    if option.kind is bool:
        return f"{name}=True{rest}"
    value = rest.removeprefix(" ")
    is_value = re.fullmatch(r"-?\d.*", value) or value in (*option.choices, *PROVIDERS, "auto")
    return f"{name}={value}" if is_value else f"{name}{rest}"
