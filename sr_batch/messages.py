"""Messages to people through Apprise: mail, chats and others. The only importer of apprise."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip

if TYPE_CHECKING:
    from apprise import Apprise

LOST = "--notify: a message could not be delivered to every URL"


class Messenger:
    """Sends messages to the URLs of ``--notify``.

    Args:
        urls: Apprise URLs. They hold passwords, so they are never shown.

    Raises:
        UsageError: Apprise does not know a URL, or is not installed.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._apprise = _opened(urls)

    def send(self, title: str, body: str, attached: Path | None = None) -> bool:
        """Send a message, with a file if there is one. False if a URL did not take it."""
        files = [str(attached)] if attached else None
        return bool(self._apprise.notify(body=body, title=title, attach=files))


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
