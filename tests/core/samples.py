"""A value for every option, made from the table, so that a new option needs none here."""

from typing import Any

from sr_batch.core.option import Option

# Options whose text must name something that exists.
_NAMES = {"model": "edsr", "device": "cpu"}


def sample(option: Option) -> Any:
    """A value of ``option`` that is not its default, as a settings file has it."""
    if option.takes_many:
        return ["*.jpg", "a b"]
    if option.kind is bool:
        return not option.default
    if option.allowed:
        return next(n for n in (64, 3, 0.5) if option.allowed.holds(n) and n != option.default)
    others = (word for word in option.choices if word != option.default)
    return next(others, _NAMES.get(option.name, "some text"))
