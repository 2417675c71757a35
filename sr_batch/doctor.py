"""Looks whether this machine can do the work, by doing it, and names the command that mends it."""

import ctypes
import platform
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from typing import Literal

Status = Literal["ok", "info", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        subject: What was looked at.
        status: ``info`` is worth knowing, ``warning`` costs something, ``error`` stops the tool.
        detail: What was found, one line.
        fix: The exact command, or the one step, that mends it.
    """

    subject: str
    status: Status
    detail: str
    fix: str | None = None


# Packages that put their files into one and the same module: any two of them break each other.
RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml")
OPENCVS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
HEADLESS = "opencv-python-headless"


def right_runtime() -> str:
    """The onnxruntime package that sr-batch depends on here; says the same as pyproject.toml."""
    where = (sys.platform, platform.machine())
    return (
        "onnxruntime-gpu" if where in {("linux", "x86_64"), ("win32", "AMD64")} else "onnxruntime"
    )


def installed(found: Iterable[Distribution] | None = None) -> dict[str, str]:
    """Normalised name -> version of every installed distribution."""
    return {
        re.sub(r"[-_.]+", "-", each.name).lower(): each.version
        for each in (distributions() if found is None else found)
        if each.name
    }


def pip(*arguments: str) -> str:
    """A command line that runs pip in this very environment."""
    return shlex.join([sys.executable, "-m", "pip", *arguments])


def look_at_family(
    subject: str, family: Iterable[str], wanted: str, packages: Mapping[str, str]
) -> Finding:
    """Exactly one distribution of a ``family`` that shares a module must be installed."""
    present = [f"{name} {packages[name]}" for name in family if name in packages]
    if len(present) == 1:
        return Finding(subject, "ok", present[0])
    if not present:
        return Finding(subject, "error", f"{wanted} is not installed", pip("install", wanted))
    names = [name for name in family if name in packages]
    mend = f"{pip('uninstall', '--yes', *names)} && {pip('install', wanted)}"
    return Finding(
        subject, "warning", f"{' and '.join(present)} overwrite each other's files", mend
    )


def cuda_of_driver() -> tuple[int, int] | None:
    """The newest CUDA that the NVIDIA driver runs, (major, minor); None without a driver."""
    try:
        library = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None
    version = ctypes.c_int()
    if library.cuDriverGetVersion(ctypes.byref(version)) != 0:
        return None
    return version.value // 1000, version.value % 1000 // 10


def look_at_driver(driver: tuple[int, int] | None, built_for: str) -> Finding:
    """The driver must run the CUDA that onnxruntime was ``built_for``, such as ``13.0``."""
    if driver is None:
        return Finding("driver", "info", "no NVIDIA driver found: the CPU does the work")
    text = f"the NVIDIA driver runs CUDA up to {driver[0]}.{driver[1]}"
    if driver[0] >= int(built_for.split(".")[0]):
        return Finding("driver", "ok", text)
    older = f"or take an older runtime: {pip('install', 'onnxruntime-gpu[cuda,cudnn]<1.27')}"
    return Finding(
        "driver",
        "warning",
        f"{text}, onnxruntime needs {built_for}: too old",
        f"update the NVIDIA driver, {older}" if driver[0] == 12 else "update the NVIDIA driver",
    )


def missing_libraries(preload_output: str) -> tuple[str, ...]:
    """The libraries that onnxruntime's own preloading could not find, from what it printed."""
    names = re.findall(r"^Failed to load (\S+):", preload_output, flags=re.MULTILINE)
    return tuple(dict.fromkeys(re.split(r"[/\\]", name)[-1] for name in names))


def look_at_cv2(error: str | None) -> Finding | None:
    """What an ImportError of cv2 means; None when there was none."""
    if error is None:
        return None
    mend = f"{pip('uninstall', '--yes', *OPENCVS)} && {pip('install', HEADLESS)}"
    library = re.search(r"(lib\S+?\.so[.\d]*): cannot open shared object file", error)
    why = f"needs {library[1]}, which this system lacks" if library else f"cannot load: {error}"
    return Finding("cv2", "error", f"OpenCV {why}", mend)
