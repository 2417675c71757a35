"""The table of options as parameters of typer commands, and how ``--help`` groups them."""

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast, get_origin

import typer
from typer.core import TyperCommand

from sr_batch.core.option import PANELS, Option, options_of
from sr_batch.core.options import AUTO, UpscaleOptions

Values = Mapping[str, Any]
Command = TypeVar("Command", bound=Callable[..., None])
Declaring = TypeVar("Declaring")

ENDPOINT_URL = Option(
    "Server of an s3:// URL, such as http://127.0.0.1:9000; otherwise that of the provider.",
    "Input and output",
    metavar="URL",
    name="endpoint_url",
    type=str,
)


def add_command(app: typer.Typer, name: str, run: Command, options: Sequence[Option]) -> None:
    """Add a command to ``app``, which calls ``run`` with its own parameters and all options.

    Typer reads the parameters of a command from the function's signature. The ``**values`` of
    ``run`` stand for the options, and are replaced by one parameter for each.
    """
    own = signature(run, eval_str=True).parameters.values()
    named = [each for each in own if each.kind is not Parameter.VAR_KEYWORD]
    cast(Any, run).__signature__ = Signature([*named, *map(_parameter, options)])
    settings = {"max_content_width": 100}
    app.command(name, cls=PanelCommand, context_settings=settings)(run)


def upscale_option(name: str) -> Any:
    """An option of `UpscaleOptions` for the annotation of another command's parameter."""
    return typer_option(next(each for each in options_of(UpscaleOptions) if each.name == name))


def typer_option(option: Option) -> Any:
    """What typer has to know of ``option`` besides type and default."""
    return typer.Option(
        *option.declarations,
        metavar=option.metavar,
        help=option.help,
        rich_help_panel=option.panel,
        parser=option.parse if option.allowed or option.synonyms else None,
        callback=_CALLBACKS.get(option.name),
        autocompletion=_completion(option),
        is_eager=option.name in _CALLBACKS,
    )


def from_values(declaring: Callable[..., Declaring], values: Values) -> Declaring:
    """An instance of a dataclass of options, from parsed values by name; others are ignored.

    Raises:
        UsageError: a value is out of its range.
    """
    given = {
        each.name: tuple(values[each.name] or ()) if each.takes_many else values[each.name]
        for each in options_of(cast(type, declaring))
        if each.name in values
    }
    return declaring(**given)


class PanelCommand(TyperCommand):
    """A command whose ``--help`` has one section per panel. Typer itself needs rich for that."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options of every panel."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": []}
        sections |= {panel: [] for panel in PANELS}
        for each in self.get_params(ctx):
            panel = getattr(each, "rich_help_panel", None) or PANELS[-1]
            title = "Arguments" if each.param_type_name == "argument" else panel
            if line := each.get_help_record(ctx):
                sections[title].append(line)
        for title, lines in sections.items():
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)


def _parameter(option: Option) -> Parameter:
    annotation: Any = Annotated[_type(option), typer_option(option)]
    default = option.none if option.default is None else option.default
    if option.takes_many:
        default = None
    return Parameter(option.name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _type(option: Option) -> Any:
    if option.takes_many:
        return list[str] | None
    if option.synonyms:
        return str
    return option.type if get_origin(option.type) is Literal else option.kind | None


def model_names() -> list[str]:
    """The names of all networks, for completion by the shell."""
    from sr_batch.inference.model_catalog import all_models

    return sorted({AUTO, *(model.name for model in all_models())})


def _several_names(incomplete: str) -> list[str]:
    """The names that may follow the last comma, each after what is there already."""
    before, comma, _ = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in model_names() if name not in before.split(",")]


def _completion(option: Option) -> Callable[..., list[str]] | None:
    """What the shell completes; nothing means files, or the choices that typer knows itself."""
    if option.name == "model":
        return model_names
    if option.name == "models":
        return _several_names
    return (lambda: list(option.choices)) if option.synonyms else None


def _use_defaults(context: typer.Context, file: Path | None) -> Path | None:
    from sr_batch.cli.config import use_defaults

    return use_defaults(context, file)


# A settings file is read before the other options, and gives them their defaults.
_CALLBACKS = {"config": _use_defaults}
