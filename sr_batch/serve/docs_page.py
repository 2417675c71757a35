"""``/docs``: the interface for people who write programs, as one page that loads nothing else."""

from collections.abc import Iterator
from html import escape
from typing import Any

from sr_batch.core.options import UpscaleOptions
from sr_batch.serve.client_options import offered
from sr_batch.serve.models import limits, option_json
from sr_batch.serve.settings import ServeOptions

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>sr-batch serve: for programs</title>
<link rel="stylesheet" href="/static/docs.css">
</head>
<body>
<main>
<h1>sr-batch serve, for programs</h1>
<p><a href="/">The page</a>, <a href="/openapi.json">OpenAPI</a></p>
<pre><code>curl --data-binary @photo.jpg '{address}/api/v1/upscale?scale=2' -o x2.jpg</code></pre>
<p>Options are given in the address, or as fields of a form whose part <code>file</code> is the
picture. With a token, add <code>-H 'Authorization: Bearer TOKEN'</code>. Errors are
<code>application/problem+json</code>, and <code>detail</code> says what to do.</p>
"""
_TAIL = "</main>\n</body>\n</html>\n"


def html(openapi: dict[str, Any], options: ServeOptions, base: UpscaleOptions, address: str) -> str:
    """The page. ``address`` is that of the server, for the example."""
    parts = [
        _HEAD.replace("{address}", escape(address)),
        _table("Requests", ("Request", "What it does"), _operations(openapi)),
        _table("Options", ("Option", "Values", "Default", "What it does"), _options(base)),
        _table("Limits", ("Limit", "Value"), _limits(options, base)),
        _TAIL,
    ]
    return "".join(parts)


def _operations(openapi: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation["summary"]


def _options(base: UpscaleOptions) -> Iterator[tuple[str, ...]]:
    for option in offered():
        row = option_json(option, base)
        values = (
            row["allowed"]
            or ", ".join(row["choices"])
            or row["kind"].replace("flag", "true, false")
        )
        default = "" if row["default"] is None else str(row["default"])
        yield row["name"], values, default, row["help"]


def _limits(options: ServeOptions, base: UpscaleOptions) -> Iterator[tuple[str, ...]]:
    for name, value in limits(options, base).items():
        yield name, f"{value:,.10g}"


def _table(title: str, columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in columns)
    lines = (
        f'<tr><th scope="row"><code>{escape(first)}</code></th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    body = "\n".join(lines)
    table = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>"
    return f"<h2>{title}</h2>\n<table>\n{table}\n</table>\n"
