"""The tool compared with other libraries, on the same photographs and the same network."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from shutil import copy
from statistics import median

from benchmarks.peer import KINDS
from benchmarks.photos import photographs
from benchmarks.setting import Row, Setting
from benchmarks.work import enlarge, ignore, in_turns, options_for
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.model_catalog import choose
from sr_batch.upscaling.upscaler import Upscaler

_MIB = 2**20
_NETWORKS = (("edsr", 2, (0.1, 0.2)), ("fast", 4, (0.1, 0.2)))
_PHOTOS = 5


class Peer:
    """A running peer; a context manager."""

    def __init__(self, kind: str, network: Path, threads: int) -> None:
        command = [sys.executable, "-m", "benchmarks.peer", kind, str(network), str(threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def seconds(self, paths: Sequence[Path], out: Path) -> float:
        """The seconds it takes to enlarge ``paths``."""
        assert self._process.stdin
        assert self._process.stdout
        pairs = [[str(path), str(out / f"{path.stem}.png")] for path in paths]
        print(json.dumps(pairs), file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def peak(self) -> int:
        """Its peak memory in bytes; 0 if the system does not report it."""
        try:
            lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        except OSError:
            return 0
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def peers(setting: Setting) -> Iterator[Row]:
    """The time of each peer over that of the tool, taken in turns, and its peak memory."""
    for name, scale, sizes in _NETWORKS:
        folder = setting.folder / name
        photographs(setting.photos, folder / "in", _PHOTOS, sizes)
        (folder / "out").mkdir()
        network = Path(copy(choose(name)[scale].path, folder))
        _convert(network)
        yield from _compared(f"{name} x{scale}", network, scale, folder, setting)


def _compared(
    what: str, network: Path, scale: int, folder: Path, setting: Setting
) -> Iterator[Row]:
    options = options_for(network.stem.rpartition("_x")[0], scale, "png", setting)
    with ExitStack() as stack:
        upscaler = stack.enter_context(Upscaler(options, ignore))
        running = {
            kind: stack.enter_context(Peer(kind, network, setting.threads)) for kind in KINDS
        }
        ratios = _ratios(running, options, upscaler, folder)
        for kind, peer in running.items():
            ratio = median(ratios[kind])
            yield Row(f"{what}: {kind} / tool", f"{ratio:.2f}", "> 1.00", ratio > 1)
            yield Row("  its peak memory", f"{peer.peak() / _MIB:.0f} MiB", "", True)


def _ratios(
    running: Mapping[str, Peer], options: UpscaleOptions, upscaler: Upscaler, folder: Path
) -> Mapping[str, Sequence[float]]:
    """The time of each peer over that of the tool, for each group of photographs."""
    paths = sorted((folder / "in").iterdir())
    for peer in running.values():
        peer.seconds(paths[:1], folder / "out")
    enlarge(paths[:1], options, folder / "warm", upscaler)
    ratios: dict[str, list[float]] = {kind: [] for kind in running}
    for group in in_turns(paths):
        tool = enlarge(group, options, folder / "tool", upscaler)
        for kind, peer in running.items():
            ratios[kind].append(peer.seconds(group, folder / "out") / tool)
    return ratios


def _convert(network: Path) -> None:
    """Convert ``network`` to ncnn files beside it."""
    shapes = [f"inputshape{n}=[1,3,{side},{side}]f32" for n, side in (("", 64), ("2", 80))]
    program = Path(sys.executable).with_name("pnnx")
    if not program.is_file():
        raise SystemExit(
            "pnnx is missing; to install it: pip install -e '.[training,peers]', or run make peers"
        )
    subprocess.run(
        [program, network.name, *shapes], cwd=network.parent, check=True, capture_output=True
    )
