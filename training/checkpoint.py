"""A run folder: weights, EMA, optimizer and progress as separate files, replaced atomically.

Separate files keep each one small: ``ema.pt`` alone is what later runs and exports need.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

State = Mapping[str, Any]

_BEST = "best.pt"


def save(folder: Path, states: Mapping[str, State]) -> None:
    """Write every state as ``folder/NAME.pt``; ``progress`` last, as the mark of a whole set.

    A kill between two files must not mix two moments, so all are written under their
    iteration first and the set is complete once ``progress.pt`` names that iteration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    iteration = states["progress"]["iteration"]
    parts = {name: state for name, state in states.items() if name != "progress"}
    for name, state in parts.items():
        torch.save(state, folder / f"{name}.{iteration}.pt")
    _replace(folder / "progress.pt", states["progress"])
    for old in folder.glob("*.*.pt"):
        if old.name.split(".")[1] != str(iteration):
            old.unlink()


def save_best(folder: Path, weights: State) -> None:
    """Keep ``weights`` as the best of the run so far: what later runs and exports take."""
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / _BEST, weights)


def load(folder: Path, device: torch.device) -> dict[str, State] | None:
    """The last whole set of states in ``folder``, or None when there is none."""
    if not (folder / "progress.pt").exists():
        return None
    progress = torch.load(folder / "progress.pt", weights_only=True)
    states: dict[str, State] = {"progress": progress}
    for path in folder.glob(f"*.{progress['iteration']}.pt"):
        states[path.name.split(".")[0]] = torch.load(path, map_location=device, weights_only=True)
    return states


def load_weights(name: str, runs: Path, kept: Path) -> State:
    """The averaged weights of recipe ``name``, the best ones where a run chose them.

    They are its run folder's, else the half-precision ones that are kept.

    Raises:
        FileNotFoundError: there are neither.
    """
    best = runs / name / _BEST
    if best.exists():
        return torch.load(best, map_location="cpu", weights_only=True)
    states = load(runs / name, torch.device("cpu"))
    if states is not None:
        return states["ema"]
    path = kept / f"{name}.pt"
    if not path.exists():
        raise FileNotFoundError(
            f"{name}: no checkpoint in {runs} or {kept}; run: python -m training train {name}"
        )
    halves = torch.load(path, weights_only=True)
    return {key: value.float() for key, value in halves.items()}


def keep(name: str, runs: Path, kept: Path) -> Path:
    """Copy the averaged weights in half precision, and the curve, to where git keeps them."""
    kept.mkdir(parents=True, exist_ok=True)
    weights = load_weights(name, runs, kept)
    path = kept / f"{name}.pt"
    torch.save({key: value.half() for key, value in weights.items()}, path)
    shutil.copyfile(runs / name / "metrics.csv", kept / f"{name}.csv")
    return path


def keep_state(name: str, runs: Path, kept: Path) -> Path:
    """Keep all else that recipe ``name`` needs to go on elsewhere, under ``kept/NAME``, rounded.

    Weights are halves, the optimizer's means bfloat16, whose range their squares need; the averaged
    weights are those that :func:`keep` writes. A run that goes on from there is not exact.

    Raises:
        FileNotFoundError: there is no run.
    """
    states = load(runs / name, torch.device("cpu"))
    if states is None:
        raise FileNotFoundError(
            f"{runs / name}: no checkpoint; run: python -m training train {name}"
        )
    rounded = {key: state for key, state in states.items() if key != "ema"}
    rounded["net"] = _rounded(states["net"], torch.half)
    rounded["optimizer"] = _rounded(states["optimizer"], torch.bfloat16)
    save(kept / name, rounded)
    return kept / name


def load_kept(name: str, kept: Path, device: torch.device) -> dict[str, State] | None:
    """What :func:`keep` and :func:`keep_state` wrote, or None where there is no state."""
    states = load(kept / name, device)
    if states is not None:
        states["ema"] = torch.load(kept / f"{name}.pt", map_location=device, weights_only=True)
    return states


def _rounded(value: Any, kind: torch.dtype) -> Any:
    """``value``, with all tensors of floats in it as ``kind``."""
    if isinstance(value, torch.Tensor):
        return value.to(kind) if value.is_floating_point() else value
    if isinstance(value, Mapping):
        return {key: _rounded(item, kind) for key, item in value.items()}
    return value


def _replace(path: Path, state: State) -> None:
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(path)
