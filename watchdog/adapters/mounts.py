"""Which file system a path is on, from the text of `/proc/self/mountinfo`."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

MOUNTINFO = Path("/proc/self/mountinfo")

# A write-ahead log needs memory that all its users share: those on other hosts do not, and their locks may not hold.
# fmt: off
_NETWORK = frozenset({
    "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.ceph", "fuse.davfs", "fuse.glusterfs",
    "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "gfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
    "nfs4", "ocfs2", "orangefs", "smb3", "smbfs",
})
# fmt: on
_ESCAPED = re.compile(r"\\([0-7]{3})")


def network_mount(mountinfo: str, path: str) -> tuple[str, str] | None:
    """(type, mount point) when the absolute `path`, links resolved, is on a file system that other hosts can share."""
    kind, point = _mount_of(mountinfo, PurePosixPath(path))
    return (kind, point) if kind in _NETWORK else None


def _mount_of(mountinfo: str, path: PurePosixPath) -> tuple[str, str]:
    """The deepest mount above the path; of several at one place the last hides the others."""
    found, depth = ("", ""), -1
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        if len(fields) < 5 or not kinds:
            continue
        point = PurePosixPath(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
        if path.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = (kinds[0], str(point)), len(point.parts)
    return found
