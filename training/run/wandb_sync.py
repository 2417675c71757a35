"""Copies what a run writes for TensorBoard to Weights & Biases. The only importer of wandb."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip
from training.recipes.fields import as_table
from training.recipes.recipe import Recipe


@contextmanager
def synced(project: str, folder: Path, recipe: Recipe) -> Iterator[None]:
    """Send the points of the training in the block to ``project``; does nothing if that is empty.

    A run has the name of its folder there, and a run that resumes continues its curve. Whether and
    where it is sent follows from wandb's own settings, such as WANDB_MODE=offline.

    Raises:
        UsageError: wandb is not installed.
    """
    if not project:
        yield
        return
    try:
        import wandb
    except ImportError as error:
        raise UsageError(f"--wandb needs Weights & Biases: {pip('install', 'wandb')}") from error
    folder.mkdir(parents=True, exist_ok=True)
    with wandb.init(
        project=project,
        name=folder.name,
        id=folder.name,
        resume="allow",
        dir=folder,
        config=as_table(recipe),
        sync_tensorboard=True,
    ):
        yield
