"""Measures added models again that another version of sr-batch has measured."""

from collections.abc import Callable

from sr_batch.core.errors import ImportRefused
from sr_batch.importing import store
from sr_batch.importing.sandbox import run_step
from sr_batch.importing.store import MODEL, PROBE
from sr_batch.inference.onnx_runtime import runtime_version
from sr_batch.inference.user_models import UserModel, require_unchanged, user_models


def is_outdated(model: UserModel) -> bool:
    """Whether another version has measured it. A file without measurements never is."""
    return "measured" in model.record and model.record.get("probe") != PROBE


def renew(
    model: UserModel,
    from_source: Callable[[UserModel], UserModel | None],
    notify: Callable[[str], None],
) -> UserModel:
    """Measure ``model`` again. Several processes may do so at once: one does, the others wait.

    Args:
        model: The model.
        from_source: Adds the file again that it was made of; None if that is gone.
        notify: Receives one line.

    Raises:
        ImportRefused: what is measured today refuses it.
        UnknownModel: its file was changed.
    """
    with store.one_renews():
        now = next((each for each in user_models() if each.path.name == model.path.name), model)
        if not is_outdated(now):
            return now
        about = f"{now.name} x{now.scale}"
        notify(f"{about} was measured by another version of sr-batch, and is measured again")
        try:
            return from_source(now) or _from_itself(now)
        except ImportRefused as refusal:
            raise ImportRefused(
                f"{about} cannot be measured again: {refusal}; to delete it: sr-batch models"
                f" remove {now.name}"
            ) from refusal


def _from_itself(model: UserModel) -> UserModel:
    """A network with a contract is one in RGB, from 0 to 1."""
    require_unchanged(model.path)
    record = model.record
    if record["measured"]["format"]["channels"] == 1:  # its luma is not a gray network's
        raise ImportRefused(f"{record['source']} is gone, from which it was added")
    with store.work_folder() as folder:
        run_step("convert", folder, {"source": str(model.path)}, [model.path.parent])
        measured = run_step("measure", folder, {"range": "0..1", "bgr": False})
        request = {"measured": measured, "name": model.name, "licence": record["licence"]}
        certified = run_step("certify", folder, request)
        again = {"measured": measured, "certified": certified, "runtime": runtime_version()}
        return store.save(folder / MODEL, model.name, model.scale, dict(record) | again)
