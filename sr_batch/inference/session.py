"""What the pipeline needs of a network: a contract and a call. Plus a tiny fake of it."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from sr_batch.core.model_spec import ModelSpec

Batch = npt.NDArray[np.float32]


class Session(Protocol):
    """A loaded model. Calls are thread-safe.

    ``__call__`` maps (N, C, H, W) float32, 0..1, to (N, C, H*s, W*s) float32, unclipped, and
    raises :class:`sr_batch.core.errors.OutOfMemory` when the device has no room for that size.
    """

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def provider(self) -> str:
        """The execution provider that really runs it, e.g. ``CPUExecutionProvider``."""
        ...

    def __call__(self, batch: Batch) -> Batch: ...


class Around:
    """What a session that asks another one has of it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def spec(self) -> ModelSpec:
        return self._session.spec

    @property
    def provider(self) -> str:
        return self._session.provider


class NearestSession:
    """Repeats every pixel: the simplest network that keeps the contract, for tests."""

    provider = "fake"

    def __init__(self, scale: int = 2, color: str = "rgb", multiple: int = 1) -> None:
        self.spec = ModelSpec(
            name="nearest",
            arch="nearest",
            scale=scale,
            color="y" if color == "y" else "rgb",
            multiple=multiple,
            receptive_field=1,
            overlap=0,
            precision="fp32",
            protocol="none",
            licence="none",
            data="none",
            commit="none",
        )

    def __call__(self, batch: Batch) -> Batch:
        scale = self.spec.scale
        return batch.repeat(scale, axis=2).repeat(scale, axis=3)
