"""Checks whether sr-batch works on this machine, by using it, and says how to fix problems."""

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
from sr_batch.core.installing import pip
from sr_batch.inference.model_catalog import ModelFile, find_models
from sr_batch.inference.onnx_runtime import CPU, compiled_providers
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.providers import PROVIDERS, Provider
from sr_batch.inference.session import Batch

Status = Literal["ok", "info", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        subject: What was checked.
        status: ``error`` if the tool cannot work, ``warning`` if something is lost, ``info`` if it
            is only worth knowing.
        detail: What was found, in one line.
        fix: The exact command, or the one step, that fixes the problem.
    """

    subject: str
    status: Status
    detail: str
    fix: str | None = None


# The packages of each family install the same module: any two of them break each other.
RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml")
OPENCVS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
HEADLESS = "opencv-python-headless"
# Extras that make other machines usable: what they install, and what for.
EXTRAS = {
    "remote": ("obstore", "s3://, gs:// and az:// inputs and outputs"),
    "ray": ("ray", "--engine ray"),
}

_SIDE = 48
_TOLERANCE = 1 / 255  # one level of an 8-bit picture


def examine() -> Iterator[Finding]:
    """Run all checks, the quick ones first, and yield each finding as soon as it is known."""
    packages = installed()
    yield _versions(packages)
    yield check_family("runtime", RUNTIMES, right_runtime(), packages)
    yield check_family("opencv", OPENCVS, HEADLESS, packages)
    yield from check_extras(packages)
    broken = [*_imports()]
    yield from broken
    models = find_models()
    yield check_models(models)
    if models and not broken:
        yield from _try_providers(min(models, key=lambda model: model.path.stat().st_size))
        yield from check_precision(PROVIDERS)


def installed(found: Iterable[Distribution] | None = None) -> dict[str, str]:
    """Normalised name -> version of every installed distribution."""
    return {
        re.sub(r"[-_.]+", "-", each.name).lower(): each.version
        for each in (distributions() if found is None else found)
        if each.name
    }


def right_runtime() -> str:
    """The onnxruntime package that sr-batch depends on here, as in pyproject.toml."""
    where = (sys.platform, platform.machine())
    return (
        "onnxruntime-gpu" if where in {("linux", "x86_64"), ("win32", "AMD64")} else "onnxruntime"
    )


def check_family(
    subject: str, family: Iterable[str], wanted: str, packages: Mapping[str, str]
) -> Finding:
    """Check that exactly one package of a ``family`` that shares a module is installed."""
    names = [name for name in family if name in packages]
    present = " and ".join(f"{name} {packages[name]}" for name in names)
    if len(names) == 1:
        return Finding(subject, "ok", present)
    if not names:
        return Finding(subject, "error", f"{wanted} is not installed", pip("install", wanted))
    return Finding(
        subject, "warning", f"{present} overwrite each other's files", _replace(names, wanted)
    )


def check_extras(packages: Mapping[str, str]) -> Iterator[Finding]:
    """Which extras for buckets and clusters are installed; most people need none."""
    for extra, (name, use) in EXTRAS.items():
        if name in packages:
            yield Finding(extra, "ok", f"{name} {packages[name]}, for {use}")
        else:
            command = pip("install", f"sr-batch[{extra}]")
            yield Finding(extra, "info", f"not installed; to use {use}: {command}")


def check_cv2(error: str) -> Finding:
    """Explain an ImportError of cv2. Most builds need the libraries of a desktop."""
    library = re.search(r"(lib\S+?\.so[.\d]*): cannot open shared object file", error)
    why = f"needs {library[1]}, which this system lacks" if library else f"cannot load: {error}"
    return Finding("cv2", "error", f"OpenCV {why}", _replace(OPENCVS, HEADLESS))


def check_onnxruntime(error: str) -> Finding:
    """Explain an ImportError of onnxruntime. Most often half of it was uninstalled."""
    fix = _replace(RUNTIMES, right_runtime())
    return Finding("onnxruntime", "error", f"onnxruntime cannot be loaded: {error}", fix)


def check_models(models: Iterable[ModelFile]) -> Finding:
    """Check that models are installed."""
    names = [model.path.stem for model in models]
    if not names:
        return Finding(
            "models", "error", "no model is installed", pip("install", "--force-reinstall", ".")
        )
    return Finding("models", "ok", ", ".join(names))


def check_precision(providers: Mapping[str, Provider]) -> Iterator[Finding]:
    """What `--precision auto` takes on each device that `--device auto` may choose, and why."""
    for name, provider in providers.items():
        if provider.automatic and provider.find_fault() is None:
            fastest = provider.find_fastest()
            detail = f"auto takes {fastest.precision} on {name}, because {fastest.why}"
            yield Finding("precision", "ok", detail)


def check_difference(subject: str, provider: str, output: Batch, reference: Batch) -> Finding:
    """Check that a provider gives the pixels that the CPU gives."""
    difference = float(np.abs(output - reference).max())
    if not difference <= _TOLERANCE:  # true for NaN, too
        detail = f"{provider} differs from the CPU by up to {difference:.3g} (values are 0 to 1)"
        return Finding(subject, "warning", detail, "upscale with --device cpu")
    detail = f"{provider} runs, and differs from the CPU by at most {difference:.1g} (of 0 to 1)"
    return Finding(subject, "ok", detail)


def _versions(packages: Mapping[str, str]) -> Finding:
    names = ("sr-batch", "numpy", "pillow", "typer")
    found = [f"{name} {packages.get(name, 'from a checkout')}" for name in names]
    system = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return Finding("versions", "ok", ", ".join([*found, system]))


def _imports() -> Iterator[Finding]:
    for module, look in (("cv2", check_cv2), ("onnxruntime", check_onnxruntime)):
        try:
            importlib.import_module(module)
        except ImportError as error:
            yield look(str(error))


def _replace(names: Iterable[str], wanted: str) -> str:
    """Uninstall all, then install one: to uninstall one of them removes files of the others."""
    return f"{pip('uninstall', '--yes', *names)} && {pip('install', wanted)}"


def _try_providers(model: ModelFile) -> Iterator[Finding]:
    """Run a network on the CPU, then with every other provider that is installed."""
    try:
        session = OnnxSession.open(model.path)
        image = _image(session)
        reference = session(image)
    except SrBatchError as error:
        yield Finding("cpu", "error", str(error), _replace(RUNTIMES, right_runtime()))
        return
    if not np.isfinite(reference).all():
        yield Finding("cpu", "error", f"{model.path} gives NaN or infinite values")
        return
    yield Finding("cpu", "ok", f"{CPU} runs {model.path.stem}")
    compiled = compiled_providers()  # before a plugin adds its own, when it is loaded
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
    """Try a provider that has no --device in sr-batch; the result is only worth knowing."""
    subject = name.removesuffix("ExecutionProvider").lower()
    found = _try_provider(subject, Provider(name), model, image, reference)
    state = "runs" if found.status == "ok" else "does not start"
    return Finding(subject, "info", f"{name} {state} here; sr-batch does not use it")


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
        return check_difference(subject, provider.name, session(image), reference)
    except SrBatchError as error:
        return Finding(subject, "warning", f"{provider.name}: {error}", "upscale with --device cpu")
