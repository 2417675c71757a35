"""``/openapi.json``: the interface for programs, made from the table of options."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from sr_batch.codec import FORMATS
from sr_batch.core.options import UpscaleOptions
from sr_batch.serve.client_options import offered
from sr_batch.serve.models import option_json
from sr_batch.serve.problems import KIND as PROBLEM
from sr_batch.serve.settings import ServeOptions

Json = dict[str, Any]

_TYPES = {"flag": "boolean", "integer": "integer", "number": "number"}
_PROBLEMS = {
    400: "The body is not what its type says.",
    401: "The token is missing or wrong.",
    403: "A page of another site asks.",
    404: "No job has this id, or there is no such path.",
    405: "The path has no such method.",
    408: "The body did not arrive in time.",
    409: "The state of the job does not allow it.",
    413: "The body, the picture, or what it would become is too large.",
    415: "It is no picture, or of a kind that is not supported.",
    421: "The server is asked under a name that it does not answer to.",
    422: "An option is wrong, or the picture is damaged.",
    429: "The queue is full; see Retry-After.",
    503: "Too many requests, or no memory; see Retry-After.",
    507: "The disk space of the server is used up.",
}
_PART = ("left", "top", "width", "height")


def document(options: ServeOptions, base: UpscaleOptions) -> Json:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sr-batch serve",
            "version": version("sr-batch"),
            "description": "Enlarges photographs with super-resolution networks.",
        },
        "paths": dict(_paths(base)),
        "components": {
            "schemas": {
                "Options": _options_schema(base),
                "Job": _job_schema(),
                "Problem": _problem_schema(),
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}] if options.token else [],
    }


def _paths(base: UpscaleOptions) -> Iterator[tuple[str, Json]]:
    picture = [*_queries(base), _query("name", "string", "What the result is called after.")]
    job, jobs = "/api/v1/jobs/{id}", "/api/v1/jobs"
    yield "/api/v1/upscale", {"post": _picture("Enlarge a picture.", picture, _image())}
    hold = _query("hold", "boolean", "Only read its header, and wait for start.")
    yield (
        jobs,
        {
            "get": _operation("List all jobs.", ok={200: _list_of_jobs()}),
            "post": _picture("Add a picture to the queue.", [*picture, hold], {202: _job()}),
            "delete": _operation("Delete the jobs that are finished.", ok={204: _empty()}),
        },
    )
    yield (
        job,
        {
            "get": _operation("Show a job.", [_id()], {200: _job()}),
            "delete": _operation("Cancel a job and delete its files.", [_id()], {204: _empty()}),
        },
    )
    start = _operation("Start or repeat a job.", [_id()], {202: _job()})
    start["requestBody"] = {"content": _json(_ref("Options"))}
    yield f"{job}/start", {"post": start}
    yield f"{job}/cancel", {"post": _operation("Stop a job.", [_id()], {200: _job()})}
    yield f"{job}/result", {"get": _operation("Download the result.", [_id()], _image())}
    part = [_query(name, "integer", "Of a part, in its pixels.") for name in _PART]
    most = _query("most", "integer", "The longest side of the answer.")
    which = _in_path("which", {"enum": ["before", "after"]}, "The input, or the result.")
    view = _operation("Show a part as a PNG.", [_id(), which, *part, most], _png())
    yield f"{job}/view/{{which}}", {"get": view}
    model = _in_path("model", {"type": "string"}, "A model, or bicubic.")
    scale = _query("scale", "number", "Factor; that of the job if not given.")
    compare = _operation(
        "Enlarge a part of the input by another model.", [_id(), model, *part, scale], _png()
    )
    yield f"{job}/compare/{{model}}", {"get": compare}
    yield from _others()


def _others() -> Iterator[tuple[str, Json]]:
    stream = {200: _answer("Server-sent events: job (a Job), gone (its id).", "text/event-stream")}
    yield "/api/v1/events", {"get": _operation("Follow all jobs.", ok=stream)}
    ids = _query("ids", "string", "Only these, separated by commas.")
    zipped = {200: _answer("A zip, stored, with the folders of the names.", "application/zip")}
    yield "/api/v1/results.zip", {"get": _operation("Download all results.", [ids], zipped)}
    told = {200: _answer("Models, options, formats and limits.", "application/json")}
    yield "/api/v1/models", {"get": _operation("Tell what there is to choose from.", ok=told)}
    image = {"type": "object", "properties": {"image": {"type": "string"}}, "required": ["image"]}
    single = _operation("Enlarge a picture in base64.", ok={200: _answer("html_info and image.")})
    single["requestBody"] = {"required": True, "content": _json(image)}
    yield "/sdapi/v1/extra-single-image", {"post": single}
    names = {200: _answer("The names for upscaler_1.")}
    yield "/sdapi/v1/upscalers", {"get": _operation("List the upscalers.", ok=names)}
    well = {200: _answer("ok", "text/plain")}
    yield "/healthz", {"get": _operation("Tell whether the server runs.", ok=well)}
    yield "/metrics", {"get": _operation("Tell counts, for Prometheus.", ok=well)}


def _picture(summary: str, parameters: list[Json], ok: Mapping[int, Json]) -> Json:
    """An operation whose body is a picture."""
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    form = {
        "allOf": [
            _ref("Options"),
            {"type": "object", "properties": {"file": file}, "required": ["file"]},
        ]
    }
    body = {"image/*": {}, "application/octet-stream": {}, "multipart/form-data": {"schema": form}}
    operation = _operation(summary, parameters, ok)
    operation["requestBody"] = {"required": True, "content": body}
    return operation


def _operation(
    summary: str, parameters: list[Json] | None = None, ok: Mapping[int, Json] | None = None
) -> Json:
    answers = {str(status): answer for status, answer in (ok or {}).items()}
    problem = {PROBLEM: {"schema": _ref("Problem")}}
    wrong = {
        str(status): {"description": text, "content": problem} for status, text in _PROBLEMS.items()
    }
    return {"summary": summary, "parameters": parameters or [], "responses": answers | wrong}


def _queries(base: UpscaleOptions) -> Iterator[Json]:
    for name, schema in _options_schema(base)["properties"].items():
        told = {key: value for key, value in schema.items() if key != "description"}
        yield {
            "name": name,
            "in": "query",
            "description": schema["description"],
            "schema": told,
        }


def _options_schema(base: UpscaleOptions) -> Json:
    rows = [option_json(option, base) for option in offered()]
    return {
        "type": "object",
        "properties": {row["name"]: _option_schema(row) for row in rows},
        "additionalProperties": False,
    }


def _option_schema(row: Json) -> Json:
    schema: Json = {"type": _TYPES.get(row["kind"], "string"), "description": row["help"]}
    if row["kind"] == "choice" and row["name"] not in ("model",):
        schema["enum"] = row["choices"]
    for key, name in (("minimum", "least"), ("maximum", "most")):
        if row[name] is not None:
            exclusive = key == "minimum" and "above" in row["allowed"]
            schema["exclusiveMinimum" if exclusive else key] = row[name]
    if row["default"] is not None:
        schema["default"] = row["default"]
    return schema


def _job_schema() -> Json:
    text, whole, number = {"type": "string"}, {"type": "integer"}, {"type": "number"}
    picture = {"width": whole, "height": whole, "bytes": {"type": ["integer", "null"]}}
    source = {**picture, "format": text, "pages": whole}
    made = {**picture, "format": text, "name": text}
    statuses = ["held", "waiting", "running", "done", "failed", "canceled"]
    properties = {
        "id": text,
        "name": text,
        "status": {"enum": statuses},
        "progress": {**number, "minimum": 0, "maximum": 1},
        "eta_seconds": {"type": ["number", "null"]},
        "created": {"type": "string", "format": "date-time"},
        "seconds": {"type": ["number", "null"]},
        "input": {"type": "object", "properties": source},
        "output": {"type": "object", "properties": made},
        "model": text,
        "precision": {"type": ["string", "null"]},
        "notes": {"type": "array", "items": text},
        "error": {"oneOf": [_ref("Problem"), {"type": "null"}]},
        "options": _ref("Options"),
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _problem_schema() -> Json:
    text = {"type": "string"}
    properties = {"type": text, "title": text, "status": {"type": "integer"}, "detail": text}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _image() -> dict[int, Json]:
    answer = {"description": "The enlarged picture. SR-Batch-Notes is a JSON list of notes."}
    kinds: Json = {row.mime_types[0]: {} for row in FORMATS.values()}
    return {200: {**answer, "content": kinds}}


def _png() -> dict[int, Json]:
    return {200: _answer("PNG, sRGB, 8 bit.", "image/png")}


def _job() -> Json:
    return {"description": "The job.", "content": _json(_ref("Job"))}


def _list_of_jobs() -> Json:
    jobs = {"type": "array", "items": _ref("Job")}
    return {
        "description": "All jobs, the oldest first.",
        "content": _json({"type": "object", "properties": {"jobs": jobs}}),
    }


def _empty() -> Json:
    return {"description": "It is gone."}


def _answer(description: str, kind: str = "application/json") -> Json:
    return {"description": description, "content": {kind: {}}}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _id() -> Json:
    return _in_path("id", {"type": "string"}, "Of the job.")


def _in_path(name: str, schema: Json, description: str) -> Json:
    place = {"name": name, "in": "path", "required": True}
    return {**place, "schema": schema, "description": description}


def _query(name: str, kind: str, description: str) -> Json:
    return {"name": name, "in": "query", "schema": {"type": kind}, "description": description}
