"""The checkpoint of a run: separate files in its folder, replaced together.

The files hold the weights, the averaged weights, the optimizer and the progress. They are separate
so that each is small: later runs and exports need only the averaged weights.
"""

import shutil
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from sr_batch.core.errors import StorageError, UsageError

State = Mapping[str, Any]

_BEST, _BEST_SO_FAR, _PROGRESS = "best.pt", "best_so_far.pt", "progress.pt"


def save(folder: Path, states: Mapping[str, State]) -> None:
    """Write every state as ``folder/NAME.ITERATION.pt``, and ``progress.pt`` last.

    ``progress.pt`` names the iteration whose files are valid, so that a process killed between two
    files leaves the previous checkpoint.

    Raises:
        StorageError: a file cannot be written. The previous checkpoint is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    iteration = states["progress"]["iteration"]
    parts = {name: state for name, state in states.items() if name != "progress"}
    try:
        for name, state in parts.items():
            _write(folder / f"{name}.{iteration}.pt", state)
        _replace(folder / _PROGRESS, states["progress"])
    except StorageError:
        _remove_all_but(folder, _saved_iteration(folder))
        raise
    _remove_all_but(folder, iteration)


def save_best(folder: Path, weights: State, counts: bool = True) -> None:
    """Keep ``weights`` as the best of the run so far.

    Later runs and exports take them if they count. Otherwise these take the last weights, and the
    best ones are beside them in ``best_so_far.pt``, for ``export --best``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / (_BEST if counts else _BEST_SO_FAR), weights)


def load(folder: Path, device: torch.device) -> dict[str, State] | None:
    """The states of the last checkpoint in ``folder``, or None if there is none.

    Raises:
        UsageError: one of its files is damaged.
    """
    if not exists(folder):
        return None
    progress = _read(folder / _PROGRESS)
    states: dict[str, State] = {"progress": progress}
    for path in folder.glob(f"*.{progress['iteration']}.pt"):
        states[path.name.split(".")[0]] = _read(path, device)
    return states


def exists(folder: Path) -> bool:
    """Whether a checkpoint was saved in ``folder``."""
    return (folder / _PROGRESS).exists()


def load_weights(name: str, runs: Path, kept: Path) -> State:
    """The averaged weights of recipe ``name``, or the best ones if its run stops early.

    They come from its run folder, else from the half-precision weights in ``kept``.

    Raises:
        FileNotFoundError: neither exists.
        UsageError: the file is damaged.
    """
    best = runs / name / _BEST
    if best.exists():
        return _read(best)
    states = load(runs / name, torch.device("cpu"))
    if states is not None:
        return states["ema"]
    path = kept / f"{name}.pt"
    if not path.exists():
        raise FileNotFoundError(
            f"{name}: no checkpoint in {runs} or {kept}; "
            f"to train it: python -m training train {name}"
        )
    return {key: value.float() for key, value in _read(path).items()}


def load_best(name: str, runs: Path) -> tuple[State, int]:
    """The best weights of run ``name`` so far, and their iteration.

    Raises:
        FileNotFoundError: there are none.
        UsageError: their file is damaged.
    """
    paths = [runs / name / file for file in (_BEST, _BEST_SO_FAR)]
    path = next((path for path in paths if path.exists()), None)
    if path is None or not exists(runs / name):
        raise FileNotFoundError(
            f"{name}: no best weights in {runs / name}, where a run keeps them at its checkpoints; "
            "without --best, the last weights are exported"
        )
    return _read(path), _read(runs / name / _PROGRESS)["best"][2]


def keep(name: str, runs: Path, kept: Path) -> Path:
    """Copy the averaged weights, in half precision, the curve and the record to ``kept``.

    Raises:
        FileNotFoundError: the run has no checkpoint.
    """
    _require_run(name, runs)
    kept.mkdir(parents=True, exist_ok=True)
    weights = load_weights(name, runs, kept)
    path = kept / f"{name}.pt"
    _replace(path, {key: value.half() for key, value in weights.items()})
    for source, copy in (("metrics.csv", f"{name}.csv"), ("run.json", f"{name}.json")):
        if (runs / name / source).exists():
            shutil.copyfile(runs / name / source, kept / copy)
    return path


def keep_state(name: str, runs: Path, kept: Path) -> Path:
    """Copy the rest of the state that another checkout needs to resume ``name`` to ``kept/NAME``.

    The weights are rounded to fp16. The optimizer's means are rounded to bfloat16, because the
    squares need its range. The averaged weights are those that :func:`keep` writes. Because of the
    rounding, a run that resumes from this state is not exact.

    Raises:
        FileNotFoundError: the run has no checkpoint.
    """
    _require_run(name, runs)
    states = load(runs / name, torch.device("cpu"))
    assert states is not None
    rounded = {key: state for key, state in states.items() if key != "ema"}
    rounded["net"] = _rounded(states["net"], torch.half)
    rounded["optimizer"] = _rounded(states["optimizer"], torch.bfloat16)
    save(kept / name, rounded)
    return kept / name


def has_weights(name: str, runs: Path, kept: Path) -> bool:
    """Whether :func:`load_weights` finds weights."""
    return (
        any((runs / name / file).exists() for file in (_BEST, _PROGRESS))
        or (kept / f"{name}.pt").exists()
    )


def load_kept(name: str, kept: Path, device: torch.device) -> dict[str, State] | None:
    """The states that :func:`keep` and :func:`keep_state` wrote, or None if there are none."""
    states = load(kept / name, device)
    if states is not None:
        states["ema"] = _read(kept / f"{name}.pt", device)
    return states


def _rounded(value: Any, kind: torch.dtype) -> Any:
    """``value``, with all its float tensors as ``kind``."""
    if isinstance(value, torch.Tensor):
        return value.to(kind) if value.is_floating_point() else value
    if isinstance(value, Mapping):
        return {key: _rounded(item, kind) for key, item in value.items()}
    return value


def _require_run(name: str, runs: Path) -> None:
    if not exists(runs / name):
        raise FileNotFoundError(
            f"{runs / name}: no checkpoint; to make one: python -m training train {name}"
        )


def _saved_iteration(folder: Path) -> int | None:
    """The iteration of the checkpoint in ``folder``, or None if there is none."""
    if not exists(folder):
        return None
    iteration: int = _read(folder / _PROGRESS)["iteration"]
    return iteration


def _remove_all_but(folder: Path, iteration: int | None) -> None:
    """Remove the files of all checkpoints in ``folder`` except that of ``iteration``."""
    for path in folder.glob("*.*.pt"):
        if path.name.split(".")[1] != str(iteration):
            path.unlink()


def _read(path: Path, device: torch.device | str = "cpu") -> State:
    """Raises UsageError if ``path`` is damaged."""
    try:
        state: State = torch.load(path, map_location=device, weights_only=True)
    except OSError:
        raise
    except Exception as error:  # torch raises errors of all kinds for damaged files
        raise UsageError(
            f"{path}: is damaged. Restore this file from a copy{_way_out(path)}"
        ) from error
    return state


def _way_out(damaged: Path) -> str:
    """What is left of a run with a damaged file."""
    folder = damaged.parent
    if not exists(folder):
        return ""
    best = next((p for p in (folder / _BEST, folder / _BEST_SO_FAR) if p.exists()), damaged)
    begin = f", or remove {folder} to begin again"
    if best == damaged:
        return begin
    return f"{begin}. The best weights are still there: --init {best} --name NEW starts from them"


def _replace(path: Path, state: State) -> None:
    temporary = path.with_suffix(".tmp")
    _write(temporary, state)
    temporary.replace(path)


def _write(path: Path, state: State) -> None:
    """Save ``state``. torch's own writer hides why a file could not be written."""
    content = BytesIO()
    torch.save(state, content)
    try:
        path.write_bytes(content.getbuffer())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageError(
            f"{path}: {error.strerror}: the checkpoint could not be saved. The last one, if there "
            "is one, is kept. Free some space, then run the same command again"
        ) from error
