"""The processor of this machine."""

import os
import platform
from pathlib import Path

_CPUS = Path("/proc/cpuinfo")
# The ratio of two speeds depends on these vector units.
_UNITS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8")


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The model and its vector units; virtual machines often hide one of them."""
    first = _first_core()
    name = first.get("model name") or platform.processor() or platform.machine()
    flags = first.get("flags", "").split()
    units = ", ".join(_described(unit, first) for unit in _UNITS if unit in flags)
    return f"{name} ({units})" if units else name


def _described(unit: str, core: dict[str, str]) -> str:
    """``unit``, and whether it works on half a vector at a time, which makes int8 no faster.

    AMD's Zen and Zen+ do so: "Software Optimization Guide for AMD Family 17h Processors", section
    2.11. Their successors in the same family have models from 48 on.
    """
    is_zen = core.get("cpu family") == "23" and int(core.get("model", "0")) < 48
    return f"{unit} in halves" if unit == "avx2" and is_zen else unit


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
