"""The job boundary: every exception of the work on one image becomes its result."""

import threading
from collections.abc import Callable

from sr_batch.core.errors import ImageError, SrBatchError, Stopped
from sr_batch.core.results import Cause, Failed, JobResult, NotRun, cause_of, one_line


class RunEnd:
    """The first error that ends a run early, such as a full disk. Thread-safe.

    Args:
        halt: Is set by the error.

    Attributes:
        error: None while there was none.
    """

    def __init__(self, halt: threading.Event) -> None:
        self.error: SrBatchError | None = None
        self._halt = halt
        self._lock = threading.Lock()

    def by(self, error: SrBatchError) -> None:
        """End the run by ``error``, unless another one has ended it."""
        with self._lock:
            self.error = self.error or error
        self._halt.set()


def result_of(
    work: Callable[[], JobResult],
    source: str,
    target: Callable[[], str | None],
    name: str,
    end: RunEnd,
) -> JobResult:
    """The result of ``work``, whatever it raises.

    Args:
        work: The work on one image.
        source: The input, for results.
        target: Asked for the output after an exception, for results.
        name: Of the input, for messages.
        end: Told about errors that end the run.
    """
    cause: Cause
    try:
        return work()
    except Stopped:
        reason = f"the run ended: {end.error}" if end.error else "the run was stopped"
        return NotRun(source, target(), one_line(reason))
    except ImageError as error:
        text, cause = str(error), cause_of(error)
    except SrBatchError as error:
        text, cause = str(error), "disk"
        end.by(error)
    except MemoryError:
        cause = "memory"
        text = "not enough memory for this image: close other programs, or upscale it alone"
    except Exception as error:
        cause = "input"
        text = f"{type(error).__name__}: {error} (a bug in sr-batch: please report it)"
    line = one_line(text if name in text else f"{name}: {text}")
    return Failed(source, target(), line, cause)
