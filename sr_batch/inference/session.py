"""A loaded network as the rest of the tool sees it: a contract and a call."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from sr_batch.core.model_spec import ModelSpec

Batch = npt.NDArray[np.float32]


class Session(Protocol):
    """A loaded network. Calls are thread-safe.

    ``__call__`` maps (N, C, H, W) float32, 0..1, to (N, C, H*s, W*s) float32, unclipped, and
    raises :class:`sr_batch.core.errors.OutOfMemory` if the device has not enough memory for it.
    """

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def provider(self) -> str:
        """The execution provider that really runs it, such as ``CPUExecutionProvider``."""
        ...

    def __call__(self, batch: Batch) -> Batch: ...


class SessionWrapper:
    """Base of a session that calls another one: has the same contract and provider."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def spec(self) -> ModelSpec:
        return self._session.spec

    @property
    def provider(self) -> str:
        return self._session.provider
