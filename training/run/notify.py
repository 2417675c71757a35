"""Tells people how a run ended."""

import csv
from collections.abc import Sequence
from pathlib import Path

from sr_batch.messages import LOST, Messenger


class Notifier:
    """Sends a message to each URL. With ``sheet``, the contact sheet of the run goes with it.

    Args:
        urls: Apprise URLs. They hold passwords, so they are never shown.
        sheet: Whether the end of a run shows its pictures.

    Raises:
        UsageError: Apprise does not know a URL, or is not installed.
    """

    def __init__(self, urls: Sequence[str], sheet: bool = False) -> None:
        self._messenger = Messenger(urls) if urls else None
        self._sheet = sheet

    def ended(self, folder: Path) -> None:
        """Tell that the run in ``folder`` reached its end, with its last figures."""
        sheet = folder / "sheet.jpg"
        attached = sheet if self._sheet and sheet.exists() else None
        self._send(f"{folder.name}: training has ended", results(folder), attached)

    def failed(self, folder: Path, error: BaseException) -> None:
        """Tell that the run in ``folder`` ended before that."""
        self._send(f"{folder.name}: training has stopped", str(error) or type(error).__name__)

    def _send(self, title: str, body: str, attached: Path | None = None) -> None:
        if self._messenger and not self._messenger.send(title, body, attached):
            print(LOST)


def results(folder: Path) -> str:
    """The last row of the run's ``metrics.csv`` as a sentence.

    A table that an older version began has no validation loss. The mean squared error of luma,
    0..1, that belongs to the mean PSNR-Y is given then.
    """
    with (folder / "metrics.csv").open(newline="") as file:
        *_, last = csv.DictReader(file)
    psnr = float(last["monitor_psnr"])
    validation = float(last.get("validation_loss") or 10 ** (-psnr / 10))
    return (
        f"Iteration {last['iteration']}: training loss {float(last['loss']):.4g}, validation loss "
        f"{validation:.4g} (PSNR-Y {psnr:.3f} dB, SSIM {float(last['monitor_ssim']):.4f})"
    )
