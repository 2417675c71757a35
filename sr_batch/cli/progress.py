"""The progress bar. Only this module imports rich, and it is imported only on a terminal."""

from datetime import timedelta
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

_PAUSE = 0.5  # seconds between two looks at the estimate, which adds up all images of the run


class Timed(Protocol):
    """An estimate of a run: what `Estimate` of `batch` knows of it."""

    @property
    def seconds(self) -> float | None: ...
    @property
    def share(self) -> float: ...
    @property
    def speed(self) -> float | None: ...
    @property
    def is_whole(self) -> bool: ...


class _Speed(ProgressColumn):
    """Input megapixels per second over the whole run."""

    max_refresh = _PAUSE

    def render(self, task: Task) -> Text:
        estimate: Timed | None = task.fields["estimate"]
        speed = estimate.speed if estimate else None
        return Text("- MP/s" if speed is None else f"{speed / 1e6:.2g} MP/s")


class _Remaining(ProgressColumn):
    """The time until the run ends."""

    max_refresh = _PAUSE

    def render(self, task: Task) -> Text:
        estimate: Timed | None = task.fields["estimate"]
        seconds = estimate.seconds if estimate else None
        text = "-:--:--" if seconds is None else str(timedelta(seconds=round(seconds)))
        if estimate and not estimate.is_whole:
            text += "+"  # at least
        return Text(text, style="progress.remaining")


class Bar:
    """Finished files, the finished share of the work, MP/s and an ETA. Messages scroll above it.

    While files are still being found, their number and the ETA have a plus sign.
    """

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[finished]}/{task.fields[files]} files"),
            BarColumn(bar_width=None),
            _Speed(),
            _Remaining(),
            console=Console(stderr=True, soft_wrap=True),
            transient=True,
        )
        self._estimate: Timed | None = None
        self._task = self._progress.add_task("", total=1, finished=0, files="0", estimate=None)
        self._progress.start()

    def follow(self, estimate: Timed) -> None:
        """Show the speed and the time that ``estimate`` knows, and its share of the work."""
        self._estimate = estimate
        self._progress.update(self._task, estimate=estimate)

    def advance(self) -> None:
        """Show that some work was finished. Thread-safe."""
        if self._estimate:
            self._progress.update(self._task, completed=self._estimate.share)

    def show(self, finished: int, files: int, all_found: bool) -> None:
        """Set the number of finished files, and of all files that have been found."""
        share = self._estimate.share if self._estimate else finished / max(1, files)
        text = str(files) if all_found else f"{files}+"
        self._progress.update(self._task, finished=finished, files=text, completed=share)

    def say(self, line: str) -> None:
        """Print one line above the bar, unchanged."""
        self._progress.console.print(line, markup=False, highlight=False)

    def close(self) -> None:
        """Remove the bar and restore the cursor."""
        self._progress.stop()
