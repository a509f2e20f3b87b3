"""What processes use, as the kernel counts it in /proc."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Use:
    """Seconds of processor time since its start, and bytes of memory now."""

    cpu_s: float = 0.0
    rss: int = 0

    def __add__(self, other: "Use") -> "Use":
        return Use(self.cpu_s + other.cpu_s, self.rss + other.rss)


def use(pids: Iterable[int]) -> Use:
    """Of some processes together; one that has ended counts nothing."""
    return sum(map(_of, pids), Use())


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(folder.name))
        if fields:
            parents[int(folder.name)] = int(fields[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not asked for its status does not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def _of(pid: int) -> Use:
    fields = _stat(pid)
    if not fields:
        return Use()
    user, system, pages = int(fields[11]), int(fields[12]), int(fields[21])
    return Use((user + system) / _TICKS, pages * _PAGE)


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; none of a process that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
