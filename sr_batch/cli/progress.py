"""The progress bar. Only this module imports rich, and it is imported only on a terminal."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Speed(ProgressColumn):
    """Input megapixels per second over the last half minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("- MP/s" if speed is None else f"{speed / 1e6:.2g} MP/s")


class Bar:
    """Finished files, MP/s and an ETA by pixels. Messages scroll above it."""

    def __init__(self, files: int, pixels: int) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[finished]}/{task.fields[files]} files"),
            BarColumn(bar_width=None),
            _Speed(),
            TimeRemainingColumn(),
            console=Console(stderr=True, soft_wrap=True),
            speed_estimate_period=30,
            transient=True,
        )
        self._task = self._progress.add_task("", total=pixels, finished=0, files=files)
        self._progress.start()

    def advance(self, pixels: int) -> None:
        """Count ``pixels`` of the inputs as done. Thread-safe."""
        self._progress.advance(self._task, pixels)

    def show(self, finished: int, pixels: int) -> None:
        """Set the number of finished files and the total of pixels."""
        self._progress.update(self._task, finished=finished, total=pixels)

    def say(self, line: str) -> None:
        """Print one line above the bar, unchanged."""
        self._progress.console.print(line, markup=False, highlight=False)

    def close(self) -> None:
        """Remove the bar and restore the cursor."""
        self._progress.stop()
