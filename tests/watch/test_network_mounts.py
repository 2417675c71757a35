from pathlib import Path

import pytest

from sr_batch.watch.network_mounts import sends_no_events

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /srv rw,relatime shared:2 - nfs4 nas:/export rw,vers=4.2
31 30 8:2 / /srv/fast rw,relatime - xfs /dev/sdb1 rw
32 22 0:26 / /mnt/my\040pictures rw shared:4 master:1 - cifs //nas/p rw
33 22 0:27 / /mnt/tab\011and\134slash rw - fuse.sshfs host:/ rw
34 22 0:28 / /vm rw - 9p share rw
35 22 0:29 / /over rw - ext4 /dev/sdc1 rw
36 22 0:30 / /over rw - fuseblk /dev/sdd1 rw
37 22 0:31 / /mnt/smb rw - smb3 //nas/q rw
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    (tmp_path / "mountinfo").write_text(MOUNTS.lstrip())
    return tmp_path / "mountinfo"


@pytest.mark.parametrize(
    ("folder", "silent"),
    [
        ("/home/me", False),
        ("/srv", True),
        ("/srv/deep/er", True),
        ("/srv/fast/in", False),  # the deepest mount counts
        ("/srvother", False),
        ("/mnt/my pictures/in", True),
        ("/mnt/my", False),
        ("/mnt/tab\tand\\slash", True),
        ("/vm/in", True),
        ("/over", True),  # the last mount hides the earlier one
        ("/mnt/smb/in", True),
    ],
)
def test_the_deepest_mount_counts(mounts: Path, folder: str, silent: bool) -> None:
    assert sends_no_events(Path(folder), mounts) is silent


def test_follows_symbolic_links(mounts: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/srv/in")
    assert sends_no_events(tmp_path / "link", mounts)


def test_without_a_list_of_mounts_events_are_expected(tmp_path: Path) -> None:
    assert not sends_no_events(tmp_path, tmp_path / "none")


def test_reads_the_mounts_of_the_running_system() -> None:
    assert not sends_no_events(Path("/proc"))
