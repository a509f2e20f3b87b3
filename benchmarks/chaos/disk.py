"""A disk that is small enough to be filled."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Path | None]:
    """A file system of so many MiB in memory; None where this user may not have one."""
    with tempfile.TemporaryDirectory(prefix="itten-chaos-disk-") as place:
        options = f"size={mebibytes}m,mode=0700,uid={os.getuid()}"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place]
        if not _runs(command):
            yield None
            return
        try:
            yield Path(place)
        finally:
            _runs(["umount", "--lazy", place])


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
