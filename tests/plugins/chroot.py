"""Runs programs in a Debian 13 chroot, which ``chroot.sh`` creates."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("chroot.sh")

# The mounts and all processes end with the command. Without a network, the X screens of two
# concurrent runs do not collide.
_ENTER = """
root=$1 binds=$2; shift 2
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
while read -r path; do
    [[ -n $path ]] || continue
    if [[ -d $path ]]; then mkdir -p "$root$path"
    else mkdir -p "$root${path%/*}"; [[ -e $root$path ]] || : > "$root$path"; fi
    mount --bind "$path" "$root$path"
done <<< "$binds"
exec /usr/sbin/chroot "$root" env -i "$@"
"""


@cache
def chroot() -> Path:
    """The folder of the chroot. If it is missing, CI creates it; other machines skip the test."""
    if os.environ.get("CI"):
        made = subprocess.run([SCRIPT], capture_output=True, text=True)
        assert made.returncode == 0, f"the chroot cannot be created:\n{made.stderr}"
    folder = Path(subprocess.check_output([SCRIPT, "--where"], text=True).strip())
    if not folder.is_dir() or os.geteuid() != 0:
        assert not os.environ.get("CI"), "a chroot needs root"
        pytest.skip("needs root and the chroot: sudo make chroot")
    return folder


def run_in_chroot(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
    binds: Sequence[Path] = (),
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in the chroot as root; it sees this checkout and this Python at their paths.

    Args:
        command: The program and its arguments.
        env: Its environment, besides PATH and LANG.
        timeout: Seconds after which all its processes are killed.
        binds: Other folders and files that it must see, such as ``tmp_path``.
        stdin: Its standard input.
    """
    folder = chroot()
    paths = "\n".join(map(str, (ROOT, *_python(), *binds)))
    variables = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **(env or {})}
    return subprocess.run(
        [
            *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"),
            *("--propagation", "private", "bash", "-euc", _ENTER, "enter", folder, paths),
            *(f"{name}={value}" for name, value in variables.items()),
            *command,
        ],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def _python() -> list[Path]:
    """The folders and files of this Python: its virtual environment and the base installation."""
    if sys.base_prefix != "/usr":
        return [Path(sys.prefix), Path(sys.base_prefix)]
    name = f"python3.{sys.version_info.minor}"
    return [Path(sys.prefix), Path("/usr/bin", name), Path("/usr/lib", name)]
