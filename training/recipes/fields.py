"""Recipes as tables of plain values, as in TOML and JSON, and back, with every field checked."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from training.models import MODELS, BadConfig, configure, nearest, one_of
from training.recipes.recipe import Recipe, Stage
from training.recipes.sound import require_sound

_KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def as_table(recipe: Recipe) -> dict[str, Any]:
    """The fields of ``recipe`` as plain values; a field without a value is None."""
    table = _plain(asdict(recipe))
    assert isinstance(table, dict)
    return table


def from_table(table: Mapping[str, Any], base: Recipe | None = None) -> Recipe:
    """The recipe that ``table`` describes; fields that it does not name are those of ``base``.

    Raises:
        BadConfig: a field does not exist, is missing, or has a value that it cannot have.
    """
    whole = {**as_table(base), **table} if base else table
    recipe = _record(Recipe, whole, "")
    assert isinstance(recipe, Recipe)
    require_sound(recipe)
    _require_options(recipe)
    return recipe


def with_settings(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """``recipe`` with settings such as ``lr=1e-4`` and ``model_options.channels=32``.

    ``stages.0.batch=4`` sets a field of the first stage, and ``stages.batch=4`` one of all stages.

    Raises:
        BadConfig: a setting is not of this form, or as in `from_table`.
    """
    table = as_table(recipe)
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise BadConfig(f"--set {setting}: write it as FIELD=VALUE, such as lr=1e-4")
        key = key.strip()
        _assign(table, key.split("."), _value_of(text.strip()), f"--set {key}")
    return from_table(table)


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """``recipe`` with other values; their names are dotted as in `with_settings`.

    Raises:
        BadConfig: as in `from_table`; or a name leads to a part that has no fields.
    """
    table = as_table(recipe)
    for key, value in values.items():
        _assign(table, key.split("."), value, key)
    return from_table(table)


def value_at(recipe: Recipe, key: str) -> Any:
    """The plain value of the dotted field ``key``, in the first stage if it is one of all stages.

    None if the field is not set.
    """
    place: Any = as_table(recipe)
    for part in key.split("."):
        if isinstance(place, list) and not part.isdecimal():
            place = place[0] if place else {}
        if isinstance(place, list):
            place = place[int(part)] if int(part) < len(place) else None
        else:
            place = place.get(part) if isinstance(place, Mapping) else None
    return place


def require_field(name: str, known: Sequence[str], where: str) -> None:
    """Refuse a field that does not exist.

    Raises:
        BadConfig: it is not ``known``; the message names the nearest one.
    """
    if name in known:
        return
    if not where and name in (field.name for field in fields(Stage)):
        raise BadConfig(f"{name} is a field of a stage: write stages.{name}")
    owner = f"{where.rstrip('.')} has" if where else "a recipe has"
    fields_are = f"The fields are {', '.join(sorted(known))}"
    raise BadConfig(f"{owner} no field {name}{nearest(name, known)}{fields_are}")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _value_of(text: str) -> Any:
    """``text`` as a value of TOML, or as it is: ``optimizer=sgd`` needs no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _assign(table: Any, path: Sequence[str], value: Any, key: str) -> None:
    first, *rest = path
    if isinstance(table, list) and not first.isdecimal():
        for item in table:
            _assign(item, path, value, key)
        return
    if not isinstance(table, list | dict):
        raise BadConfig(f"{key}: the part before .{first} has no fields")
    place: Any = first
    if isinstance(table, list):
        place = int(first)
        if place >= len(table):
            raise BadConfig(f"{key}: there are only {len(table)}; the first is number 0")
    elif rest:
        require_field(first, list(table), "")
    if rest:
        _assign(table[place], rest, value, key)
    else:
        table[place] = value


def _record(kind: type, table: Any, where: str) -> Any:
    """An object of the dataclass ``kind``."""
    if not isinstance(table, Mapping):
        raise BadConfig(f"{where.rstrip('.')}: must be a table of fields, not {table!r}")
    hints, known = get_type_hints(kind), [field.name for field in fields(kind)]
    for name in table:
        require_field(name, known, where)
    for field in fields(kind):
        required = field.default is MISSING and field.default_factory is MISSING
        if required and field.name not in table:
            raise BadConfig(f"{where}{field.name} is missing")
    return kind(**{name: _parsed(hints[name], v, f"{where}{name}") for name, v in table.items()})


def _parsed(hint: Any, value: Any, where: str) -> Any:
    """``value``, checked against the type ``hint``."""
    kind, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return _record(hint, value, f"{where}.")
    if kind is Literal:
        return _choice(arguments, value, where)
    if kind in (Union, UnionType):
        return _optional(arguments, value, where)
    if kind is tuple:
        return _list(arguments, value, where)
    if kind is not None:
        return _mapping(arguments, value, where)
    return _plain_value(hint, value, where)


def _choice(choices: Sequence[Any], value: Any, where: str) -> Any:
    if value in choices:
        return value
    raise BadConfig(f"{where} = {value!r}: {one_of(str(value), [str(each) for each in choices])}")


def _optional(kinds: Sequence[Any], value: Any, where: str) -> Any:
    if value is None or value == "none":
        return None
    (kind,) = (each for each in kinds if each is not NoneType)
    return _parsed(kind, value, where)


def _list(kinds: Sequence[Any], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise BadConfig(f"{where} = {value!r}: must be a list")
    if kinds[-1] is Ellipsis:
        kinds = [kinds[0]] * len(value)
    if len(value) != len(kinds):
        raise BadConfig(f"{where} = {value!r}: must be a list of {len(kinds)}")
    items = zip(kinds, value, strict=True)
    return tuple(_parsed(kind, item, f"{where}.{n}") for n, (kind, item) in enumerate(items))


def _mapping(kinds: Sequence[Any], value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise BadConfig(f"{where} = {value!r}: must be a table, such as {{ l1 = 1.0 }}")
    return {key: _parsed(kinds[1], item, f"{where}.{key}") for key, item in value.items()}


def _plain_value(kind: type, value: Any, where: str) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise BadConfig(f"{where} = {value!r}: must be {_KINDS.get(kind, kind.__name__)}")
    return value


def _require_options(recipe: Recipe) -> None:
    """The options of the network exist, and their values are of the right type and range."""
    configure(recipe.model, recipe.scale, recipe.model_options)
    config = MODELS[recipe.model].config
    hints, known = get_type_hints(config), {field.name: field for field in fields(config)}
    for name, value in recipe.model_options.items():
        where = f"model_options.{name}"
        _parsed(hints[name], value, where)
        least = known[name].metadata.get("least", 1)
        if hints[name] is int and value < least:
            raise BadConfig(f"{where} = {value}: must be at least {least}")
