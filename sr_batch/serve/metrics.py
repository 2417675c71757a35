"""``/metrics``: counts in the text format of Prometheus."""

from collections.abc import Iterator

from sr_batch.serve.door import Door

KIND = "text/plain; version=0.0.4; charset=utf-8"


def page(door: Door) -> str:
    """All metrics."""
    return "\n".join([*_lines(door), ""])


def _lines(door: Door) -> Iterator[str]:
    yield from _head("sr_batch_serve_jobs", "gauge", "Jobs by status.")
    for status, count in door.queue.counts().items():
        yield f'sr_batch_serve_jobs{{status="{status}"}} {count}'
    yield from _head("sr_batch_serve_ended_jobs_total", "counter", "Jobs that ended, by status.")
    for status in ("done", "failed", "canceled"):
        yield f'sr_batch_serve_ended_jobs_total{{status="{status}"}} {door.queue.totals[status]}'
    yield from _head("sr_batch_serve_stored_bytes", "gauge", "Bytes of inputs and results.")
    yield f"sr_batch_serve_stored_bytes {door.store.used}"
    yield from _head("sr_batch_serve_quota_bytes", "gauge", "The most bytes that may be stored.")
    yield f"sr_batch_serve_quota_bytes {door.store.quota}"
    yield from _head("sr_batch_serve_open_networks", "gauge", "Networks in memory.")
    yield f"sr_batch_serve_open_networks {door.networks}"


def _head(name: str, kind: str, help: str) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} {kind}"
