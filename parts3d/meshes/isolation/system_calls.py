"""What the child may not ask the kernel for: a seccomp filter, set by the process on itself.

No network, no other program, no new process, no signal to others, no change of namespaces or
mounts: a check of a mesh needs none of it, and threads stay possible. It holds without root and
without bubblewrap. Linux on x86-64 and arm64; elsewhere nothing is filtered.

Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux 6.1.
"""

import ctypes
import errno
import platform
import struct
import sys
from dataclasses import dataclass

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_MODE_FILTER = 2
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000

_LOAD_WORD, _JUMP_EQUAL, _JUMP_NOT_LESS, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ALLOW = 0x80000000, 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_NOT_KNOWN = 0x00050000 | errno.ENOSYS
_AT_NUMBER, _AT_MACHINE, _AT_FIRST_ARGUMENT = 0, 4, 16


@dataclass(frozen=True, slots=True)
class _Machine:
    audit: int
    clone: int
    refused: tuple[int, ...]


_CLONE3 = 435
# bpf and newer calls have one number on all machines: pidfd_send_signal, io_uring, fsopen ...
_EVERYWHERE = (424, 425, 426, 427, 428, 429, 430, 432, 438, 442)
_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        56,
        (
            *(41, 42, 43, 44, 49, 50, 53, 288),  # socket, connect, accept, sendto, bind, listen
            *(57, 58, 59, 322),  # fork, vfork, execve, execveat
            *(62, 101, 310, 311, 434),  # kill, ptrace, process_vm_*, pidfd_open
            *(155, 161, 165, 166, 272, 308, 304),  # pivot_root, chroot, mount, unshare, setns
            *(248, 249, 250, 298, 321, 323),  # keys, perf_event_open, bpf, userfaultfd
            *(169, 175, 246, 313, 320),  # reboot, modules, kexec
        ),
    ),
    "aarch64": _Machine(
        0xC00000B7,
        220,
        (
            *(198, 199, 200, 201, 202, 203, 206, 242),
            *(221, 281),
            *(129, 117, 270, 271, 434),
            *(41, 51, 40, 39, 97, 268, 265),
            *(217, 218, 219, 241, 280, 282),
            *(142, 105, 104, 273, 294),
        ),
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def refuse_what_a_check_never_needs() -> bool:
    """Set the filter on this process for good; False where it cannot be set."""
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None:
        return False
    code = _assemble(machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _assemble(machine: _Machine) -> bytes:
    """Return the filter in the kernel's classic BPF."""
    refused = (*machine.refused, *_EVERYWHERE)
    # Where things stand: the tests of the number begin at 4, their ends follow them.
    allow = 4 + 1 + len(refused) + 2
    refuse, not_known, look_at_flags = allow + 1, allow + 2, allow + 3
    tests = [
        (_JUMP_NOT_LESS, refuse, _X32),
        *((_JUMP_EQUAL, refuse, number) for number in refused),
        (_JUMP_EQUAL, not_known, _CLONE3),  # the C library falls back to clone
        (_JUMP_EQUAL, look_at_flags, machine.clone),
    ]
    lines = [
        (_LOAD_WORD, 0, 0, _AT_MACHINE),
        (_JUMP_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD_WORD, 0, 0, _AT_NUMBER),
        *((kind, to - at - 1, 0, value) for at, (kind, to, value) in enumerate(tests, start=4)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _NOT_KNOWN),
        (_LOAD_WORD, 0, 0, _AT_FIRST_ARGUMENT),
        (_JUMP_BITS, 0, 1, _CLONE_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
