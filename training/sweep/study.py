"""The study of a sweep, in a SQLite file. The only importer of optuna."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip
from training.models import BadConfig
from training.sweep.plan import Sweep
from training.sweep.space import Choices, Range, grid

if TYPE_CHECKING:
    import optuna

_ROOT = Path(__file__).parents[2]

State = Literal["complete", "pruned", "failed"]


class Trial:
    """One run of a sweep: its number and its values."""

    def __init__(self, trial: "optuna.trial.Trial", values: Mapping[str, Any]) -> None:
        self._trial, self.values = trial, values
        self.number = trial.number

    @property
    def notes(self) -> dict[str, Any]:
        """What was noted of it so far."""
        return self._trial.user_attrs

    def note(self, name: str, value: Any) -> None:
        """Keep ``value``, a plain one, in the study."""
        self._trial.set_user_attr(name, value)

    def report(self, iteration: int, figure: float) -> bool:
        """Note the goal at a checkpoint. Returns whether the trial should be pruned."""
        self._trial.report(figure, iteration)
        return self._trial.should_prune()


class Study:
    """All trials of a sweep. A killed process leaves nothing half written in it.

    Args:
        path: The SQLite file, which is made if it does not exist.
        sweep: What to try. Only ``trials``, ``seed`` and ``pruning`` may differ from before.

    Raises:
        UsageError: optuna is not installed.
        BadConfig: the study is one of another sweep, or its file is damaged.
    """

    def __init__(self, path: Path, sweep: Sweep) -> None:
        self._optuna, self._sweep = _import(), sweep
        self._study = self._open(path)
        self._require_same(path)
        if sweep.sampler == "grid":
            for values in grid(sweep.space):
                self._study.enqueue_trial(_encoded(values, sweep), skip_if_exists=True)

    def trials(self) -> Iterator[Trial]:
        """The trials that are left, each once; first the one that a killed process began."""
        for begun in self._study.get_trials(states=(self._states.RUNNING,)):
            yield self._filled(self._optuna.trial.Trial(self._study, begun._trial_id))
        while self._begun < self._sweep.trials:
            # A seed for each trial: a sweep that was stopped goes on as if it had not been.
            self._study.sampler = self._sampler(self._sweep.seed + self._begun)
            yield self._filled(self._study.ask())

    def tell(self, trial: Trial, state: State, figure: float | None) -> None:
        """Note how ``trial`` ended; ``figure`` is its goal if it is complete."""
        states = {
            "complete": self._states.COMPLETE,
            "pruned": self._states.PRUNED,
            "failed": self._states.FAIL,
        }
        self._study.tell(trial.number, figure if state == "complete" else None, states[state])

    def ended(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Number and notes of every trial that has ended."""
        for each in self._study.get_trials(deepcopy=False):
            if each.state.is_finished():
                yield each.number, each.user_attrs

    @property
    def _states(self) -> "type[optuna.trial.TrialState]":
        states: type[optuna.trial.TrialState] = self._optuna.trial.TrialState
        return states

    @property
    def _begun(self) -> int:
        waiting = self._states.WAITING
        return sum(each.state != waiting for each in self._study.get_trials(deepcopy=False))

    def _open(self, path: Path) -> "optuna.Study":
        direction = "minimize" if self._sweep.goal == "validation_loss" else "maximize"
        try:
            return self._optuna.create_study(
                storage=f"sqlite:///{path.resolve()}",
                study_name="sweep",
                direction=direction,
                pruner=self._pruner(),
                load_if_exists=True,
            )
        except Exception as error:  # SQLAlchemy has many, and all mean that the file is no study
            reason = str(error).partition("\n")[0]
            raise BadConfig(f"{path}: cannot be used as a study: {reason}") from error

    def _require_same(self, path: Path) -> None:
        own = json.loads(json.dumps(self._sweep.identity()))
        old = self._study.user_attrs.get("sweep")
        if old is None:
            self._study.set_user_attr("sweep", own)
            return
        changed = [name for name in own if own[name] != old.get(name)]
        if changed:
            raise BadConfig(
                f"{path}: is the study of another sweep: {', '.join(changed)} changed; "
                "--name NAME begins another one"
            )

    def _pruner(self) -> "optuna.pruners.BasePruner":
        pruning, pruners = self._sweep.pruning, self._optuna.pruners
        if pruning is None:
            return pruners.NopPruner()
        return pruners.MedianPruner(pruning.startup, pruning.after)

    def _sampler(self, seed: int) -> "optuna.samplers.BaseSampler":
        samplers = self._optuna.samplers
        return (
            samplers.TPESampler(seed=seed)
            if self._sweep.sampler == "tpe"
            else samplers.RandomSampler(seed=seed)
        )

    def _filled(self, trial: "optuna.trial.Trial") -> Trial:
        """With a value for every field; one that a killed process has drawn stays."""
        space = self._sweep.space
        return Trial(trial, {name: _drawn(trial, name, space[name]) for name in space})


def _drawn(trial: "optuna.trial.Trial", name: str, values: Choices | Range) -> Any:
    if isinstance(values, Choices):
        # As texts, because optuna keeps neither tables nor lists.
        return json.loads(trial.suggest_categorical(name, [*map(json.dumps, values.values)]))
    if values.is_whole:
        step = int(values.step) or 1
        return trial.suggest_int(name, int(values.low), int(values.high), step=step, log=values.log)
    return trial.suggest_float(
        name, values.low, values.high, step=values.step or None, log=values.log
    )


def _encoded(values: Mapping[str, Any], sweep: Sweep) -> dict[str, str]:
    return {name: json.dumps(values[name]) for name in sweep.space}


def _import() -> ModuleType:
    try:
        import optuna
    except ImportError as error:
        raise UsageError(
            f"sweep needs Optuna: {pip('install', '-e', f'{_ROOT}[sweep]')}"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
