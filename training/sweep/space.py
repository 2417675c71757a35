"""The values that a sweep tries: choices and ranges for dotted fields of a recipe."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from training.models import BadConfig, nearest
from training.recipes.fields import value_at, with_values
from training.recipes.recipe import Recipe

MOST_CHECKED = 1000  # combinations whose recipes are checked before anything runs
_KEYS = ("low", "high", "step", "log")


@dataclass(frozen=True)
class Choices:
    """Values of any kind, of which one is taken."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included.

    Attributes:
        low: The least number. If the field takes whole numbers, all three are whole.
        high: The largest number.
        step: Distance of the numbers that are tried; 0 for any number.
        log: Whether small and large numbers are as likely: for learning rates and weights.
    """

    low: float
    high: float
    step: float = 0
    log: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it contains whole numbers only."""
        return isinstance(self.low, int)


Space = Mapping[str, Choices | Range]
"""Dotted name of a field, such as ``model_options.blocks`` -> its values."""


def read_space(table: Mapping[str, Any], base: Recipe) -> Space:
    """The space that a TOML table describes, with every value checked.

    Args:
        table: A field's name -> a list of choices, or a table with ``low`` and ``high``. Names may
            be dotted or nested.
        base: The recipe whose fields they are.

    Raises:
        BadConfig: a field does not exist, cannot have a value, or a range is wrong.
    """
    if not table:
        raise BadConfig('space: name a field and its values, such as "lr" = [1e-4, 1e-3]')
    space = {name: _values(name, value, base) for name, value in _flat(table, "")}
    _check(space, base)
    return space


def grid(space: Space) -> list[dict[str, Any]]:
    """Every combination of the choices of ``space``.

    Raises:
        BadConfig: ``space`` contains a range.
    """
    for name, values in space.items():
        if isinstance(values, Range):
            raise BadConfig(
                f'space.{name}: a grid takes choices only; write a list, or sampler = "tpe"'
            )
    return list(_combinations(space))


def _flat(table: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping) and not {"low", "high"} & set(value):
            yield from _flat(value, f"{where}{name}.")
        else:
            yield f"{where}{name}", value


def _values(name: str, value: Any, base: Recipe) -> Choices | Range:
    if isinstance(value, list):
        if not value:
            raise BadConfig(f"space.{name}: the list of choices is empty")
        return Choices(tuple(value))
    if isinstance(value, Mapping):
        return _range(name, value, base)
    raise BadConfig(
        f"space.{name} = {value!r}: write a list of choices, or a range such as "
        "{ low = 1e-4, high = 1e-3, log = true }"
    )


def _range(name: str, table: Mapping[str, Any], base: Recipe) -> Range:
    for key in table:
        if key not in _KEYS:
            raise BadConfig(
                f"space.{name}: a range has no {key}{nearest(key, _KEYS)}"
                "It has low, high, step and log"
            )
    low, high, step = numbers = [table.get(key, 0) for key in _KEYS[:3]]
    if not {"low", "high"} <= set(table) or any(type(n) not in (int, float) for n in numbers):
        raise BadConfig(f"space.{name}: a range needs numbers for low and high")
    log = table.get("log", False)
    if type(log) is not bool:
        raise BadConfig(f"space.{name}.log = {log!r}: must be true or false")
    for problem in _problems(Range(low, high, step, log)):
        raise BadConfig(f"space.{name}: {problem}")
    taken = value_at(with_values(base, {name: low}), name)
    if isinstance(taken, int) and all(isinstance(number, int) for number in numbers):
        return Range(low, high, step, log)
    return Range(float(low), float(high), float(step), log)


def _problems(found: Range) -> Iterator[str]:
    if not found.low < found.high:
        yield f"low = {found.low:g} must be less than high = {found.high:g}"
    if found.log and not found.low > 0:
        yield f"low = {found.low:g} must be more than 0 because of log = true"
    if found.step < 0 or (found.log and found.step):
        yield f"step = {found.step:g}: must be more than 0, and a range with log has no step"


def _check(space: Space, base: Recipe) -> None:
    for values in islice(_combinations(space), MOST_CHECKED):
        try:
            with_values(base, values)
        except BadConfig as error:
            raise BadConfig(f"space, with {text_of(values)}: {error}") from error


def text_of(values: Mapping[str, Any]) -> str:
    """``lr = 0.001, model_options.blocks = 4``."""
    return ", ".join(f"{name} = {value_text(value)}" for name, value in values.items())


def value_text(value: Any) -> str:
    """``value`` as it is printed in messages and tables; floats with four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _combinations(space: Space) -> Iterator[dict[str, Any]]:
    """All combinations of choices and of the ends of ranges."""
    ends: Sequence[Sequence[Any]] = [
        values.values if isinstance(values, Choices) else (values.low, values.high)
        for values in space.values()
    ]
    return (dict(zip(space, combination, strict=True)) for combination in product(*ends))
