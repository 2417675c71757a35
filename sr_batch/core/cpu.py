"""The processor of this machine, and whether 8-bit networks are faster on it."""

import ctypes
import os
import platform
import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

_CPUS = Path("/proc/cpuinfo")
# The ratio of two speeds depends on these vector units.
_UNITS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8")
_HALVES = "avx2 in halves"
# Numbers of IsProcessorFeaturePresent (winnt.h).
_WINDOWS_UNITS = {"avx2": 40, "avx512f": 41}


@dataclass(frozen=True)
class Int8Gain:
    """One row of the table that says where int8 is faster than fp32.

    Attributes:
        unit: Vector unit, as :func:`vector_units` names it.
        times: The speed in int8 is at least this multiple of that in fp32, on the CPU provider.
        source: Where this was measured or stated.
    """

    unit: str
    times: float
    source: str

    @property
    def pays(self) -> bool:
        """Whether int8 is faster."""
        return self.times > 1


# The first row with a unit of the processor applies.
INT8_GAINS: tuple[Int8Gain, ...] = (
    Int8Gain("avx512_vnni", 1.7, "docs/performance.md, int8: measured on a Xeon, 1.77 to 2.85"),
    Int8Gain("amx_int8", 1.7, "processors with AMX have AVX512-VNNI: Intel, Sapphire Rapids"),
    Int8Gain(
        "avx_vnni",
        1.7,
        "the instructions of AVX512-VNNI on vectors of 256 bits: Intel, Architecture Instruction"
        " Set Extensions Programming Reference",
    ),
    Int8Gain(
        _HALVES,
        1,
        "docs/performance.md, int8: measured on an EPYC with Zen, 0.95 to 1.00; why: AMD, Software"
        " Optimization Guide for Family 17h, 2.11",
    ),
    Int8Gain("avx2", 1.5, "docs/performance.md, int8: measured on an EPYC, 1.50 to 1.72"),
)


def int8_gain(units: Collection[str]) -> Int8Gain | None:
    """What int8 gains on a processor with these vector units; None if nobody has measured it."""
    return next((gain for gain in INT8_GAINS if gain.unit in units), None)


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The model and its vector units; virtual machines often hide one of them."""
    name = _first_core().get("model name") or platform.processor() or platform.machine()
    units = ", ".join(vector_units())
    return f"{name} ({units})" if units else name


def vector_units() -> tuple[str, ...]:
    """The vector units that speeds depend on, as Linux names them; empty if they are unknown.

    Windows tells only of the first two, and macOS of none.
    """
    if sys.platform == "win32":
        windows = ctypes.windll.kernel32
        found = {n for n, key in _WINDOWS_UNITS.items() if windows.IsProcessorFeaturePresent(key)}
        numbers = re.search(r"Family (\d+) Model (\d+)", platform.processor())
        return _described(found, numbers.groups() if numbers else ("", "0"))
    first = _first_core()
    family, model = first.get("cpu family", ""), first.get("model", "0")
    return _described(first.get("flags", "").split(), (family, model))


def _described(flags: Collection[str], numbers: Sequence[str]) -> tuple[str, ...]:
    """Which of ``flags`` matter, and whether a unit works on half a vector at a time.

    AMD's Zen and Zen+ do so: "Software Optimization Guide for AMD Family 17h Processors", section
    2.11. Their successors in the same family have models from 48 on.
    """
    family, model = numbers
    units = [unit for unit in _UNITS if unit in flags]
    if family == "23" and int(model) < 48:
        units = [_HALVES if unit == "avx2" else unit for unit in units]
    return tuple(units)


def _first_core() -> dict[str, str]:
    """What Linux reports about the first core; reading hundreds of similar ones takes long."""
    found: dict[str, str] = {}
    try:
        with _CPUS.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if not key.strip():
                    break
                found[key.strip()] = value.strip()
    except OSError:
        pass
    return found
