"""How many files a process may have open: every stream that a sign follows is one."""

import contextlib
import resource

from signage.stream import MAX_STREAMS

BESIDES_STREAMS = 256
"""What else is open: other requests, the database, the broker, and files that are being read."""
NEEDED = MAX_STREAMS + BESIDES_STREAMS
# Containers often allow a thousand million, and what a process is allowed its children inherit.
_MOST = 65_536


def allowed() -> int:
    """The most that this process could let itself have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(soft, _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST))


def raise_limit() -> int:
    """Let this process have as many as it is allowed; gives how many it may have now."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed(), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def room_for_streams(files: int) -> int:
    """How many streams there is room for where so many files may be open, so that there is always some to poll."""
    return max(1, min(MAX_STREAMS, files - BESIDES_STREAMS))
