"""What processes and a directory hold, as the system counts it."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.processes import use


@dataclass(frozen=True)
class Held:
    """By processes together."""

    rss: int = 0  # bytes
    fds: int = 0
    threads: int = 0


def held(pids: Iterable[int]) -> Held:
    """Of some processes; one that has ended holds nothing."""
    known = [pid for pid in pids if pid]
    return Held(
        rss=use(known).rss,
        fds=sum(_entries(pid, "fd") for pid in known),
        threads=sum(_entries(pid, "task") for pid in known),
    )


def kept(directory: Path) -> int:
    """Bytes of all files below a directory; a file with several names counts once."""
    sizes: dict[int, int] = {}
    folders = [directory]
    for folder in folders:
        try:
            for entry in os.scandir(folder):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                else:
                    found = entry.stat(follow_symlinks=False)
                    sizes[found.st_ino] = found.st_size
        except FileNotFoundError:  # removed meanwhile
            continue
    return sum(sizes.values())


def _entries(pid: int, what: str) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/{what}"))
    except OSError:  # it has ended meanwhile
        return 0
