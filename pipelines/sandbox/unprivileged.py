"""``python unprivileged.py USER_ID COMMAND…``: become another user, then be that command.

PostgreSQL refuses to run as root, and containers often know nobody but root. This file is run by
root only, as a program of its own. The command keeps one right of root's, to pass by file
permissions (CAP_DAC_OVERRIDE), because neither the environment nor the project need be readable
for others (both may lie below ``/root``) and opening them up is not ours to do.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 8, 47, 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def main(user: int, command: list[str]) -> None:
    """Replace this process by the command, run as the user. Does not return."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc is not None:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    if libc is not None:
        _keep_file_rights(libc)
    os.execv(command[0], command)  # noqa: S606 (no shell: the command is a list of ours)


def _keep_file_rights(libc: ctypes.CDLL) -> None:
    """Keep CAP_DAC_OVERRIDE over exec; where it is not to be had, permissions simply count."""
    rights = 1 << _CAP_DAC_OVERRIDE
    header = _Header(_CAPABILITY_VERSION_3, 0)
    data = (_Data * 2)(_Data(rights, rights, rights), _Data(0, 0, 0))
    if libc.capset(ctypes.byref(header), data) == 0:
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
