"""Uses GIMP like a person, on a virtual screen. Runs in the chroot with its Python.

Arguments: a PNG of 300x200 pixels, and the path for a screenshot of the dialog.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

SCREEN = ":77"
TIMEOUT = 120
LOG = Path(sys.argv[2]).with_name("gimp.log")
CANCEL = ("743", "622")  # its position on this screen
PLUG_IN = "/sr-batch.py"
TOOL = "\0upscale\0"


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def wait(what: str, found: Callable[[], object]) -> None:
    end = time.monotonic() + TIMEOUT
    while not found():
        if time.monotonic() > end:
            run("import", "-window", "root", f"{sys.argv[2]}.late.png")
            sys.exit(f"timed out waiting for {what}; the windows are {titles()}\n{last_lines()}")
        time.sleep(0.1)


def last_lines() -> str:
    """What GIMP printed last, and whether it still runs."""
    lines = LOG.read_text(errors="replace").splitlines()[-20:] if LOG.exists() else []
    return "\n".join(["GIMP runs" if runs("gimp-3.0")() else "GIMP has ended", *lines])


def titles() -> list[str]:
    windows = run("xdotool", "search", "--onlyvisible", "--name", ".").split()
    return [run("xdotool", "getwindowname", window) for window in windows]


def shows(text: str) -> Callable[[], bool]:
    return lambda: any(text in title for title in titles())


def focus(title: str) -> None:
    run("xdotool", "search", "--onlyvisible", "--name", title, "windowfocus", "--sync")


def press(*keys: str) -> None:
    run("xdotool", "key", "--delay", "100", *keys)


def open_dialog() -> None:
    """Open it by the action search, which needs no positions to click at."""
    press("slash")
    wait("the search", shows("Search Actions"))
    wait("the dialog", dialog_opens)
    focus("Super-resolution")


def dialog_opens() -> bool:
    """Type into the search while it is open: a busy machine may miss keys or answer late."""
    if shows("Search Actions")():
        focus("Search Actions")
        press("ctrl+a")
        run("xdotool", "type", "--delay", "50", "sr-batch")
        time.sleep(2)
        press("Return")
        time.sleep(2)
    return shows("Super-resolution")()


def cancelled() -> bool:
    """Press Cancel in the status bar, which appears late; whether the plug-in has ended."""
    run("xdotool", "mousemove", *CANCEL, "click", "1")
    return ended(PLUG_IN)()


def runs(text: str) -> Callable[[], bool]:
    """Whether a process has ``text`` in its command line."""
    return lambda: any(text in line for line in command_lines())


def ended(text: str) -> Callable[[], bool]:
    return lambda: not runs(text)()


def command_lines() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # the process has just ended
            yield path.read_bytes().decode(errors="replace")


def start_gimp(photo: str) -> None:
    """GIMP once opened no window at all, so a first start that takes too long is ended."""
    for _ in range(2):
        with LOG.open("a") as log:
            gimp = run_beside("gimp-3.0", "-n", "-s", "--verbose", photo, output=log)
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end and gimp.poll() is None:
            if shows("300x200")():
                return
            time.sleep(0.1)
        print(f"GIMP did not start:\n{last_lines()}")
        gimp.kill()
    sys.exit("GIMP did not start in two attempts")


def main(photo: str, picture: str) -> None:
    run_beside("Xvfb", SCREEN, "-screen", "0", "1024x640x24")
    os.environ["DISPLAY"] = SCREEN
    wait("the screen", lambda: run("xdotool", "getmouselocation"))
    run_beside("openbox")
    start_gimp(photo)
    run("xdotool", "search", "--onlyvisible", "--name", "300x200", "windowsize", "1024", "620")
    focus("300x200")
    press("ctrl+shift+j")  # the view fits the window

    open_dialog()
    press("alt+p", "Down")  # Put it: in its place
    time.sleep(1)
    run("import", "-window", "root", picture)
    press("alt+o")
    wait("the new size", shows("600x400"))
    wait("the plug-in to end", ended(PLUG_IN))
    focus("600x400")
    press("ctrl+z")
    wait("all of it to be undone", shows("300x200"))

    open_dialog()
    press("alt+a", "ctrl+a")  # Scale: so large that it would take minutes
    run("xdotool", "type", "--delay", "100", "16")
    press("Tab", "alt+o")
    wait("sr-batch to start", runs(TOOL))
    wait("Cancel to take effect", cancelled)
    wait("sr-batch to end", ended(TOOL))
    if not shows("300x200")():
        sys.exit(f"it was not cancelled: {titles()}")


def run_beside(
    *command: str, output: IO[str] | int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)


main(*sys.argv[1:])
