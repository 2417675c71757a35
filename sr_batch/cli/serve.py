"""``sr-batch serve``: a page and an HTTP interface that enlarge pictures."""

import os
import threading
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import typer

from sr_batch.cli.console import say
from sr_batch.cli.models_add import usable_name
from sr_batch.cli.parameters import from_values
from sr_batch.cli.signals import stop_on_signals
from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip
from sr_batch.core.options import AUTO, UpscaleOptions
from sr_batch.serve.settings import ServeOptions

_TOKEN = "SR_BATCH_TOKEN"
_LIBRARIES = ("starlette", "uvicorn", "python_multipart")


def serve(**values: Any) -> None:
    """Open a page for enlarging pictures, and answer programs over HTTP.

    Only this machine can connect, unless --host says otherwise. SIGINT and SIGTERM end it with
    exit code 0, and delete all files that it keeps.
    """
    values["token"] = values["token"] or os.environ.get(_TOKEN, "")
    options = from_values(ServeOptions, values)
    base = from_values(UpscaleOptions, values)
    _require_libraries()
    from sr_batch.serve.server import serve as run

    with stop_on_signals() as stop:
        run(options, _with_model(base), say, lambda address: _started(address, options), stop.event)


def _started(address: str, options: ServeOptions) -> None:
    typer.echo(f"sr-batch serve: {address} (Ctrl-C ends it)")
    if options.open_page:
        import webbrowser

        # In a thread: a browser of a terminal would keep the server from answering.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _with_model(base: UpscaleOptions) -> UpscaleOptions:
    """``base`` with a model by its name; a file of another project is added first."""
    from sr_batch.inference.model_catalog import all_models, choose
    from sr_batch.inference.user_models import with_own_scale

    model = usable_name(base.model)
    if model != AUTO:
        files = choose(model, "auto").values()  # refuses a name that does not exist
        paths = {file.path.resolve() for file in files}
        known = (each.name for each in all_models() if each.path.resolve() in paths)
        model = next(known, "")
    if not model:
        raise UsageError(f"--model {base.model}: give the name of a model: sr-batch models list")
    return with_own_scale(replace(base, model=model))


def _require_libraries() -> None:
    if any(find_spec(name) is None for name in _LIBRARIES):
        needs = pip("install", "sr-batch[serve]")
        raise UsageError(f"serve needs libraries that are not installed: {needs}")
