"""Looks whether this machine can do the work, by doing it, and names the command that mends it."""

import importlib
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from importlib.util import find_spec
from typing import Literal

import numpy as np

from sr_batch.core.errors import SrBatchError
from sr_batch.inference.model_catalog import ModelFile, find_models
from sr_batch.inference.onnx_runtime import CPU, compiled_providers
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.providers import PROVIDERS, Provider, pip
from sr_batch.inference.session import Batch

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

_SIDE = 48
_TOLERANCE = 1 / 255  # one level of an 8-bit picture


def examine() -> Iterator[Finding]:
    """Look at everything, the cheap before the dear; each finding as soon as it is known."""
    packages = installed()
    yield _versions(packages)
    yield look_at_family("runtime", RUNTIMES, right_runtime(), packages)
    yield look_at_family("opencv", OPENCVS, HEADLESS, packages)
    broken = [*_imports()]
    yield from broken
    models = find_models()
    yield look_at_models(models)
    if models and not broken:
        yield from _try_providers(min(models, key=lambda model: model.path.stat().st_size))


def installed(found: Iterable[Distribution] | None = None) -> dict[str, str]:
    """Normalised name -> version of every installed distribution."""
    return {
        re.sub(r"[-_.]+", "-", each.name).lower(): each.version
        for each in (distributions() if found is None else found)
        if each.name
    }


def right_runtime() -> str:
    """The onnxruntime package that sr-batch depends on here; says the same as pyproject.toml."""
    where = (sys.platform, platform.machine())
    return (
        "onnxruntime-gpu" if where in {("linux", "x86_64"), ("win32", "AMD64")} else "onnxruntime"
    )


def look_at_family(
    subject: str, family: Iterable[str], wanted: str, packages: Mapping[str, str]
) -> Finding:
    """Exactly one distribution of a ``family`` that shares a module must be installed."""
    names = [name for name in family if name in packages]
    present = " and ".join(f"{name} {packages[name]}" for name in names)
    if len(names) == 1:
        return Finding(subject, "ok", present)
    if not names:
        return Finding(subject, "error", f"{wanted} is not installed", pip("install", wanted))
    return Finding(
        subject, "warning", f"{present} overwrite each other's files", _replace(names, wanted)
    )


def look_at_cv2(error: str) -> Finding:
    """What an ImportError of cv2 means: mostly a build that wants a desktop's libraries."""
    library = re.search(r"(lib\S+?\.so[.\d]*): cannot open shared object file", error)
    why = f"needs {library[1]}, which this system lacks" if library else f"cannot load: {error}"
    return Finding("cv2", "error", f"OpenCV {why}", _replace(OPENCVS, HEADLESS))


def look_at_onnxruntime(error: str) -> Finding:
    """What an ImportError of onnxruntime means: mostly half of it was uninstalled."""
    mend = _replace(RUNTIMES, right_runtime())
    return Finding("onnxruntime", "error", f"onnxruntime cannot be loaded: {error}", mend)


def look_at_models(models: Iterable[ModelFile]) -> Finding:
    """There must be networks to run."""
    names = [model.path.stem for model in models]
    if not names:
        return Finding(
            "models", "error", "no network is installed", pip("install", "--force-reinstall", ".")
        )
    return Finding("models", "ok", ", ".join(names))


def look_at_difference(subject: str, provider: str, output: Batch, reference: Batch) -> Finding:
    """What a provider made of an image must be what the CPU made of it."""
    difference = float(np.abs(output - reference).max())
    if not difference <= _TOLERANCE:  # not a number is no better
        detail = f"{provider} gives other pixels than the CPU, by up to {difference:.3g} of 1"
        return Finding(subject, "warning", detail, "upscale with --device cpu")
    detail = f"{provider} runs, and differs from the CPU by at most {difference:.1g} of 1"
    return Finding(subject, "ok", detail)


def _versions(packages: Mapping[str, str]) -> Finding:
    names = ("sr-batch", "numpy", "pillow", "typer")
    found = [f"{name} {packages.get(name, 'from a checkout')}" for name in names]
    system = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return Finding("versions", "ok", ", ".join([*found, system]))


def _imports() -> Iterator[Finding]:
    for module, look in (("cv2", look_at_cv2), ("onnxruntime", look_at_onnxruntime)):
        try:
            importlib.import_module(module)
        except ImportError as error:
            yield look(str(error))


def _replace(names: Iterable[str], wanted: str) -> str:
    """Reinstalling alone would not do: uninstalling one also removes files of the other."""
    return f"{pip('uninstall', '--yes', *names)} && {pip('install', wanted)}"


def _try_providers(model: ModelFile) -> Iterator[Finding]:
    """A real inference on the CPU, then on everything else that is installed."""
    try:
        session = OnnxSession.open(model.path)
        image = _image(session)
        reference = session(image)
    except SrBatchError as error:
        yield Finding("cpu", "error", str(error), _replace(RUNTIMES, right_runtime()))
        return
    if not np.isfinite(reference).all():
        yield Finding("cpu", "error", f"{model.path} gives values that are no numbers")
        return
    yield Finding("cpu", "ok", f"{CPU} runs {model.path.stem}")
    compiled = compiled_providers()  # a plugin adds to it once it is loaded
    for key, provider in PROVIDERS.items():
        if provider.name != CPU and (_has_plugin(provider) or provider.name in compiled):
            yield _try_provider(key, provider, model, image, reference)
    ours = {provider.name for provider in PROVIDERS.values()}
    for name in compiled:
        if name not in ours:
            yield _try_foreign(name, model, image, reference)


def _has_plugin(provider: Provider) -> bool:
    return bool(provider.plugin) and find_spec(provider.plugin) is not None


def _image(session: OnnxSession) -> Batch:
    channels = 1 if session.spec.color == "y" else 3
    noise = np.random.default_rng(0).random((1, channels, _SIDE, _SIDE))
    return noise.astype(np.float32)


def _try_foreign(name: str, model: ModelFile, image: Batch, reference: Batch) -> Finding:
    """A provider that sr-batch has no --device for: whatever it does is only worth knowing."""
    subject = name.removesuffix("ExecutionProvider").lower()
    found = _try_provider(subject, Provider(name), model, image, reference)
    state = "runs" if found.status == "ok" else "does not start"
    return Finding(subject, "info", f"{name} {state} here; sr-batch does without")


def _try_provider(
    subject: str, provider: Provider, model: ModelFile, image: Batch, reference: Batch
) -> Finding:
    if fault := provider.find_fault():
        return Finding(subject, "warning" if fault.fix else "info", fault.what, fault.fix)
    try:
        session = OnnxSession.open(
            model.path, provider.name, provider.options, plugin=provider.plugin
        )
        if session.provider != provider.name:
            return Finding(subject, "info", f"{provider.name} is built in, but does not start here")
        return look_at_difference(subject, provider.name, session(image), reference)
    except SrBatchError as error:
        return Finding(subject, "warning", f"{provider.name}: {error}", "upscale with --device cpu")
