"""What a run tells about each image while it works on it."""

from collections.abc import Sequence
from typing import Protocol

from sr_batch.batch.job import Job
from sr_batch.core.geometry import Size


class Follower(Protocol):
    """Follows the work of a run. Called from any thread."""

    def begun(self, job: Job, sizes: Sequence[Size], kind: str) -> None:
        """The pictures of ``job``, which have ``sizes``, are made into a file of ``kind`` now."""
        ...

    def computed(self, job: Job, pixels: int) -> None:
        """So many more pixels of the input were enlarged."""
        ...

    def restored(self, job: Job, pixels: int) -> None:
        """So many more pixels of the input need no work, since an earlier run enlarged them."""
        ...


class Nobody:
    """The `Follower` for runs that nobody follows."""

    def begun(self, job: Job, sizes: Sequence[Size], kind: str) -> None:
        pass

    def computed(self, job: Job, pixels: int) -> None:
        pass

    def restored(self, job: Job, pixels: int) -> None:
        pass
