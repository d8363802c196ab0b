"""Under which account a server may run: PostgreSQL refuses root, and root is all that some machines have."""

import os
import subprocess
from functools import cache
from shutil import which

from domain.errors import CommandError

_NOBODY = "65534"
_AS_NOBODY = ("unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}")


@cache
def unprivileged_prefix() -> tuple[str, ...]:
    """What to put before a command that must not run as root; empty for everybody else.

    In a user namespace of its own the server sees itself as nobody, holds none of root's powers, and reads and
    writes the files that belong to root; so no permission on this machine has to be widened.

    Raises:
        CommandError: this is root, and the machine allows no user namespaces.
    """
    if os.geteuid() != 0:
        return ()
    if which("unshare") and subprocess.run([*_AS_NOBODY, "true"], capture_output=True, check=False).returncode == 0:  # noqa: S603
        return _AS_NOBODY
    raise CommandError(
        "PostgreSQL does not run as root, and this machine allows no user namespaces: run this as a plain user"
    )
