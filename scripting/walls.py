"""What the kernel keeps from a process that runs codecs: nearly all of its calls, the network, more of everything.

The engine has no file, no socket and no process to offer to a script; these are for a script that broke out of it.
Linux alone has the first two; each is put up where it can be, and `smartplace doctor` says which are.
"""

import ctypes
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable

from scripting.limits import Limits

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x1000_0000, 0x4000_0000, 0x0800_0000

SECCOMP = "no system calls but those for memory, time and its pipes"
NETWORK = "a network of its own without any link"

# Of linux/filter.h and linux/seccomp.h.
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_GREATER, _JUMP_IF_ANY, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _THIRD_ARGUMENT = 0, 4, 16, 32
_KILL, _REFUSE, _ALLOW = 0x8000_0000, 0x0005_0001, 0x7FFF_0000
_PROT_EXEC = 4
# A process may also ask for the calls of x32, numbered from here on.
_MOST_NUMBERS = 0x3FFF_FFFF

_ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
_CALLS = {
    "read": (0, 63), "write": (1, 64), "lseek": (8, 62), "fstat": (5, 80),
    "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "mremap": (25, 216), "madvise": (28, 233),
    "brk": (12, 214), "futex": (202, 98), "sched_yield": (24, 124), "restart_syscall": (219, 128),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    "clock_gettime": (228, 113), "gettimeofday": (96, 169), "getrusage": (98, 165), "getrandom": (318, 278),
    "getpid": (39, 172), "gettid": (186, 178), "prlimit64": (302, 261), "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip
"""What an interpreter needs that has opened and imported everything: their numbers on x86_64 and on aarch64."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine(limits: Limits) -> list[str]:
    """Give up what a codec that escaped its engine could use; which of SECCOMP and NETWORK hold.

    Nothing can be opened or imported after this.
    """
    held = []
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if _leave_the_network(libc):
            held.append(NETWORK)
        # The worker ends with its parent, however that ends; nobody reads its memory; it gains no rights.
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _limit(limits)
    if sys.platform == "linux" and _filter_calls(libc):
        held.append(SECCOMP)
    return held


def _limit(limits: Limits) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, limits.process_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        # Standard input, output and error: no number is left for a file or a socket.
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(kind, (most, most))


def _leave_the_network(libc: ctypes.CDLL) -> bool:
    """In a namespace where there is nobody; users other than root need one of their own for that."""
    ours = _CLONE_NEWNET | _CLONE_NEWIPC
    return bool(libc.unshare(_CLONE_NEWUSER | ours) == 0 or libc.unshare(ours) == 0)


def _filter_calls(libc: ctypes.CDLL) -> bool:
    program = _program()
    if program is None:
        return False
    given = _Program(len(program) // 8, program)
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(given), 0, 0) == 0)


def _program() -> bytes | None:
    """The filter in the kernel's own words; None for machines whose numbers we do not have."""
    machine = platform.machine()
    if machine not in _ARCHITECTURES or sys.maxsize < 2**32 or sys.byteorder != "little":
        return None
    column = list(_ARCHITECTURES).index(machine)
    number_of = {name: numbers[column] for name, numbers in _CALLS.items()}
    looked_at = {"mmap", "mprotect", "prlimit64"}
    plain = [number for name, number in number_of.items() if name not in looked_at]
    rules = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_GREATER, 0, 1, _MOST_NUMBERS),
        (_RETURN, 0, 0, _REFUSE),
        # Memory that can be run is what an exploit would want next; the engine compiles nothing.
        *_allowed_unless_any(number_of["mmap"], _THIRD_ARGUMENT, _PROT_EXEC),
        *_allowed_unless_any(number_of["mprotect"], _THIRD_ARGUMENT, _PROT_EXEC),
        # Limits of its own, not of another process.
        *_allowed_unless_any(number_of["prlimit64"], _FIRST_ARGUMENT, 0xFFFF_FFFF),
        *((_JUMP_IF_EQUAL, len(plain) - at, 0, number) for at, number in enumerate(plain)),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("<HBBI", *rule) for rule in rules)


def _allowed_unless_any(number: int, argument: int, bits: int) -> Iterable[tuple[int, int, int, int]]:
    """This call, unless any of these bits of that argument is set. Leaves the number where it was."""
    return (
        (_JUMP_IF_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, argument),
        (_JUMP_IF_ANY, 0, 1, bits),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    )
