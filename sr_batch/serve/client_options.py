"""The options that a client may give: those of ``upscale`` that are about one picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sr_batch.core.errors import UsageError, did_you_mean, no_such_model
from sr_batch.core.option import Option, options_of
from sr_batch.core.options import AUTO, UpscaleOptions
from sr_batch.inference.model_catalog import all_models
from sr_batch.inference.user_models import with_own_scale

# Without what only whoever runs the server may decide: device, threads, limits, and tiles, whose
# size decides how much memory a network takes.
OFFERED = (
    "scale",
    "width",
    "height",
    "long_edge",
    "short_edge",
    "megapixels",
    "only_if_smaller",
    "model",
    "strength",
    "precision",
    "mode",
    "color_lock",
    "self_ensemble",
    "format",
    "quality",
    "metadata",
    "png_effort",
    "verify",
)
_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True)
class JobOptions:
    """The options of one job.

    Attributes:
        given: What the client gave, as JSON values by name.
        chosen: All options, with those of the server.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    chosen: UpscaleOptions = field(default_factory=UpscaleOptions)


def offered() -> tuple[Option, ...]:
    """The rows of the table that clients may set."""
    rows = {each.name: each for each in options_of(UpscaleOptions)}
    return tuple(rows[name] for name in OFFERED)


def parse_options(given: Mapping[str, object], base: UpscaleOptions) -> JobOptions:
    """The options that a client gave, as text or as JSON values; others are those of ``base``.

    Raises:
        UsageError: an unknown option, or a value out of its range.
        UnknownModel: no model of that name.
    """
    rows = {each.name: each for each in offered()}
    values = {name: _value(_row(name, rows), value) for name, value in given.items()}
    if "model" in values:
        require_model(values["model"])
    chosen = with_own_scale(replace(base, **values))
    shown = {name: getattr(chosen, name) for name in values}
    return JobOptions({"model": chosen.model, "scale": _scale(chosen)} | shown, chosen)


def require_model(name: str) -> None:
    """Refuse what is not the name of a model; a path never is, even if the file exists.

    Raises:
        UnknownModel: listing the names.
    """
    names = model_names()
    if name not in names:
        raise no_such_model(name[:100], names, names)


def model_names() -> tuple[str, ...]:
    """Those that a client may choose from."""
    return (AUTO, *dict.fromkeys(each.name for each in all_models()))


def _scale(options: UpscaleOptions) -> float | None:
    return options.goal.fixed


def _row(name: str, rows: Mapping[str, Option]) -> Option:
    if name not in rows:
        question = did_you_mean(name, rows)
        raise UsageError(
            f"unknown option {name[:100]}: {question}The options are {', '.join(rows)}"
        )
    return rows[name]


def _value(option: Option, value: object) -> Any:
    if option.kind is bool:
        return _switch(option, value)
    if value is None or value == "":
        return option.default
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{option.flag} {str(value)[:100]}: must be a number or a word")
    if option.allowed or option.synonyms:
        return option.parse(_text(value))
    return str(value)


def _text(value: str | float) -> str:
    """``2.0`` of JSON is 2 for options that are whole numbers."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _switch(option: Option, value: object) -> bool | None:
    if value is None or value == "" or isinstance(value, bool):
        return option.default if value is None or value == "" else value
    return truth(option.flag, str(value))


def truth(name: str, text: str) -> bool:
    """The word ``text`` as a truth value. Raises UsageError, which calls it ``name``."""
    if text.lower() not in (*_ON, *_OFF):
        raise UsageError(f"{name} {text[:100]}: must be true or false")
    return text.lower() in _ON
