"""How many files this process may have open: connections are files, and the work needs others."""

import resource

ENOUGH = 4096


def raise_limit() -> int:
    """Have as many as are enough, or as the system lets this process have; returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= ENOUGH:
        return ENOUGH
    most = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most
