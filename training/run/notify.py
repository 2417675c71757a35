"""Tells people how a run ended, through Apprise: mail, chats and others."""

import csv
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip

if TYPE_CHECKING:
    from apprise import Apprise


class Notifier:
    """Sends a message to each URL. With ``sheet``, the contact sheet of the run goes with it.

    Args:
        urls: Apprise URLs. They hold passwords, so they are never shown.
        sheet: Whether the end of a run shows its pictures.

    Raises:
        UsageError: Apprise does not know a URL, or is not installed.
    """

    def __init__(self, urls: Sequence[str], sheet: bool = False) -> None:
        self._apprise = _opened(urls) if urls else None
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
        if self._apprise is None:
            return
        files = [str(attached)] if attached else None
        if not self._apprise.notify(body=body, title=title, attach=files):
            print("--notify: a message could not be delivered to every URL")


def results(folder: Path) -> str:
    """The last row of the run's ``metrics.csv`` as a sentence.

    The validation loss is the mean squared error of luma, 0..1, that belongs to the mean PSNR-Y.
    """
    with (folder / "metrics.csv").open(newline="") as file:
        *_, last = csv.DictReader(file)
    psnr = float(last["monitor_psnr"])
    return (
        f"Iteration {last['iteration']}: training loss {float(last['loss']):.4g}, validation loss "
        f"{10 ** (-psnr / 10):.4g} (PSNR-Y {psnr:.3f} dB, SSIM {float(last['monitor_ssim']):.4f})"
    )


def _opened(urls: Sequence[str]) -> "Apprise":
    try:
        import apprise
    except ImportError as error:
        raise UsageError(f"--notify needs Apprise: {pip('install', 'apprise')}") from error
    # Its log shows the URLs. Without a handler, Python would print it on standard error.
    logging.getLogger("apprise").addHandler(logging.NullHandler())
    opened = apprise.Apprise()
    for number, url in enumerate(urls, 1):
        if not opened.add(url):
            raise UsageError(
                f"--notify: Apprise does not support URL number {number}: see"
                " https://github.com/caronc/apprise for the services that it supports"
            )
    return opened
