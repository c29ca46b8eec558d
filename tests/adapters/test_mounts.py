"""Row 16: a journal on a file system that other hosts can share is refused, and said why."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchdog.adapters.mounts import network_mount
from watchdog.adapters.sqlite import open_journal
from watchdog.errors import JournalUnusable

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:27 / /dev/shm rw,nosuid shared:3 - tmpfs tmpfs rw
41 22 0:45 / /home rw,relatime shared:9 - nfs4 server:/home rw,vers=4.2
42 41 8:1 / /home/local rw shared:10 - xfs /dev/sda1 rw
43 22 0:46 / /mnt/win\\040share rw - cifs //server/share rw
44 22 0:47 / /srv/over rw master:1 propagate_from:2 - nfs server:/over rw
45 44 0:48 / /srv/over rw - btrfs /dev/sdb rw
46 22 0:49 / /data rw - fuse.sshfs host:/data rw
47 22 0:50 / /work rw - overlay overlay rw
48 22 0:51 / /host rw - virtiofs host rw
no mount at all
49 22 0:52 / /half
"""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        pytest.param("/var/lib/watchdog/journal.sqlite", None, id="a disk"),
        pytest.param("/dev/shm/journal.sqlite", None, id="memory"),
        pytest.param("/home/ops/.watchdog/journal.sqlite", ("nfs4", "/home"), id="an NFS home"),
        pytest.param("/homework/journal.sqlite", None, id="a name that begins alike"),
        pytest.param("/home/local/journal.sqlite", None, id="a disk below NFS"),
        pytest.param("/mnt/win share/journal.sqlite", ("cifs", "/mnt/win share"), id="a name with a blank"),
        pytest.param("/srv/over/journal.sqlite", None, id="a disk mounted over NFS"),
        pytest.param("/data/journal.sqlite", ("fuse.sshfs", "/data"), id="FUSE over the network"),
        pytest.param("/work/journal.sqlite", None, id="a container's own"),
        pytest.param("/host/journal.sqlite", None, id="a directory of the machine's host"),
        pytest.param("/half/journal.sqlite", None, id="a line that is cut off"),
    ],
)
def test_row_16_the_file_system_that_a_path_is_on(path: str, found: tuple[str, str] | None) -> None:
    assert network_mount(MOUNTS, path) == found


def test_nothing_known_of_the_mounts_is_no_network() -> None:
    assert network_mount("", "/home/journal.sqlite") is None


def test_row_16_a_journal_on_a_network_file_system_is_refused_and_nothing_is_created(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"22 1 254:0 / / rw - ext4 /dev/vda rw\n41 22 0:45 / {tmp_path / 'net'} rw - nfs4 server:/net rw\n"
    )
    path = tmp_path / "net" / "watchdog" / "journal.sqlite"
    with pytest.raises(
        JournalUnusable, match=r"is on nfs4 \(mounted at .*net\).*; name a file on a disk of this machine"
    ):
        open_journal(path, mountinfo=mounts)
    assert not path.parent.exists()


def test_row_16_a_link_is_followed_to_where_the_file_really_is(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"41 22 0:45 / {tmp_path / 'net'} rw - nfs4 server:/net rw\n")
    (tmp_path / "net").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "net")
    with pytest.raises(JournalUnusable, match="is on nfs4"):
        open_journal(tmp_path / "state" / "journal.sqlite", mountinfo=mounts)


def test_a_journal_that_is_there_can_be_read_from_anywhere(tmp_path: Path) -> None:
    open_journal(tmp_path / "journal.sqlite").close()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"41 22 0:45 / {tmp_path} rw - nfs4 server:/net rw\n")
    open_journal(tmp_path / "journal.sqlite", read_only=True, mountinfo=mounts).close()


def test_where_the_system_tells_no_mounts_it_opens(tmp_path: Path) -> None:
    open_journal(tmp_path / "journal.sqlite", mountinfo=tmp_path / "none").close()
