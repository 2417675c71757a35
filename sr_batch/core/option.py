"""How one option is declared: its row holds all that commands, checks, recipes and docs need."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from math import isfinite
from numbers import Real
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from sr_batch.core.errors import UsageError

Panel = Literal[
    "Input and output",
    "Size",
    "Model and device",
    "Format and metadata",
    "Run",
    "Cluster",
    "Prices",
    "Report",
]
PANELS: tuple[Panel, ...] = get_args(Panel)
_LONGEST_SHOWN = 60  # characters of a refused value in a message


@dataclass(frozen=True)
class Allowed:
    """The values that an option takes: how a message states them, and the check of a number."""

    text: str
    holds: Callable[[float], bool]


@dataclass(frozen=True)
class Encoding:
    """An option that changes the bytes of an output, but not the pixels that are encoded.

    Attributes:
        formats: Formats that the option has an effect on; empty for all.
        line: How a recipe states the value.
        states_default: Whether a recipe states the default, too. Only the oldest options do: a
            new one must leave the recipes of existing outputs as they are.
    """

    formats: tuple[str, ...] = ()
    line: str = "{name} {value}"
    states_default: bool = False


@dataclass(frozen=True)
class Option:
    """One row of the table of options.

    Attributes:
        help: What the option does, for ``--help`` and the docs.
        panel: Group of ``--help`` that it belongs to.
        flags: As typer takes them, for example ``--verify/--no-verify``; empty for ``--name``.
        metavar: Placeholder of the value in ``--help``.
        allowed: Range of a number; None for all other types.
        none: How the command line and the settings file write None, if they can.
        changes: Whether an output is made again when the value changes, because its pixels or
            its encoding depend on it.
        upscale_only: Whether `watch` lacks the option.
        watch_default: Default of `watch`; None if it is the same.
        synonyms: Other words for choices.
        name: Name of the field that is declared.
        type: Annotation of the field.
        default: Default of the field.
    """

    help: str
    panel: Panel
    flags: tuple[str, ...] = ()
    metavar: str | None = None
    allowed: Allowed | None = None
    none: str | None = None
    changes: Literal["pixels"] | Encoding | None = None
    upscale_only: bool = False
    watch_default: Any = None
    synonyms: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    type: Any = str
    default: Any = None

    @property
    def declarations(self) -> tuple[str, ...]:
        """The flags, ``--name`` if none was given."""
        return self.flags or (f"--{self.name.replace('_', '-')}",)

    @property
    def flag(self) -> str:
        """The long flag, as messages show it."""
        return max(self.declarations, key=len).split("/")[0]

    @property
    def key(self) -> str:
        """The name in a settings file."""
        return self.flag.removeprefix("--")

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that a literal type allows."""
        parts = (self.type, *get_args(self.type))
        return next((get_args(part) for part in parts if get_origin(part) is Literal), ())

    @property
    def kind(self) -> type:
        """The class of a value; for a number that may also be a word, of the number."""
        parts = (self.type, *get_args(self.type))
        return next((part for part in parts if isinstance(part, type) and part is not tuple), str)

    @property
    def takes_many(self) -> bool:
        """Whether the flag may be repeated."""
        return get_origin(self.type) is tuple

    def parse(self, text: str) -> Any:
        """The value of a number that may also be a word, or of a word that has synonyms.

        Upper and lower case of a word that has synonyms are the same.

        Raises:
            UsageError: ``text`` is neither a number nor one of the words.
        """
        if text == self.none:
            return None
        word = text.lower() if self.synonyms else text
        word = self.synonyms.get(word, word)
        if word in self.choices:
            return word
        try:
            return self.kind(text)
        except ValueError as error:
            raise self._not_read(text) from error

    def check(self, value: object) -> None:
        """Raise UsageError, which states the allowed values, unless ``value`` is one of them."""
        if value in self.choices or (value is None and self.default is None):
            return
        if self.allowed:
            holds = isinstance(value, Real) and self.allowed.holds(cast(float, value))
        else:
            holds = not self.choices
        if not holds:
            raise self._refused(value)

    def in_watch(self) -> "Option":
        """The same option of ``watch``."""
        return self if self.watch_default is None else replace(self, default=self.watch_default)

    def _not_read(self, text: str) -> UsageError:
        """What is wrong with a text that is not a number of this kind."""
        if not _is_number(text.replace(",", ".", 1)):
            if self.allowed and not self.choices and not self.none:
                return self._must(text, f"be a number, {self.allowed.text}")
            return self._refused(text)
        if self.kind is int:
            return self._must(text, "be a whole number, written with digits only")
        if self.kind is float:
            return self._must(text, "have a decimal point, not a comma")
        return self._refused(text)

    def _refused(self, value: object) -> UsageError:
        choices = f"one of {', '.join(self.choices)}"
        allowed = self.allowed.text if self.allowed else choices
        return self._must(f"{value:g}" if isinstance(value, float) else str(value), f"be {allowed}")

    def _must(self, shown: str, rule: str) -> UsageError:
        short = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
        return UsageError(f"{self.flag} {short}: must {rule}")


def option(help: str, panel: Panel, *flags: str, **row: Any) -> dict[str, Option]:
    """Metadata that declare the field of a dataclass as an option; ``row`` is more of `Option`."""
    return {"option": Option(help, panel, flags, **row)}


def options_of(declaring: type[Any]) -> tuple[Option, ...]:
    """The options that a dataclass declares, in order."""
    return _options_of(cast(Hashable, declaring))


def check_values(options: object) -> None:
    """Check every value of a dataclass of options. Raises UsageError."""
    for each in options_of(type(options)):
        each.check(getattr(options, each.name))


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


@cache  # to read annotations takes milliseconds
def _options_of(declaring: Any) -> tuple[Option, ...]:
    types = get_type_hints(declaring)
    return tuple(
        replace(
            each.metadata["option"], name=each.name, type=types[each.name], default=each.default
        )
        for each in fields(declaring)
    )
