"""The speed of a foreign network in the wrapper that `models add` puts around it."""

from collections.abc import Iterator
from pathlib import Path

import onnx

from benchmarks.setting import Row, Setting
from sr_batch.bench.speed import relative_speed
from sr_batch.importing.net_format import Border, NetFormat
from sr_batch.importing.wrap import wrap
from sr_batch.inference.model_catalog import choose
from sr_batch.inference.onnx_session import OnnxSession

_ROUNDS = 25
_GOAL = 0.97
_FORMATS = {
    "0..1, RGB": NetFormat("nchw", "nchw", 3, "float32", "0..1", "0..1"),
    "0..255, BGR": NetFormat("nchw", "nchw", 3, "float32", "0..255", "0..255", bgr=True),
}


def wrapped(setting: Setting) -> Iterator[Row]:
    """Compare a small network and a large one, bare and wrapped, in turns."""
    for name in ("fast", "edsr"):
        path = choose(name)[2].path
        bare = OnnxSession.open(path)
        for what, form in _FORMATS.items():
            target = setting.folder / "wrapped.onnx"
            _wrap(path, form, target)
            ratio = relative_speed(OnnxSession.open(target), bare, _ROUNDS)
            goal = f">= {_GOAL}"
            yield Row(f"{name} x2, {what}: wrapped / bare", f"{ratio:.2f}", goal, ratio >= _GOAL)


def _wrap(path: Path, form: NetFormat, target: Path) -> None:
    model, spec = onnx.load(path), OnnxSession.open(path).spec
    target.write_bytes(wrap(model, spec, form, Border(0, 0, 0, 0)).SerializeToString())
