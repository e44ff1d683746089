"""Run a command where no network is: in a network of its own that holds nothing but the loopback.

``python offline.py COMMAND…`` within ``unshare --net`` switches the loopback on (kernels are spoken to through
it) and becomes the command. So also Chrome, which draws the pictures, has no way out.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from functools import cache
from pathlib import Path

GUARD = Path(__file__).with_name("guard")
"""Goes on the path of Python, so that a reach for the network is an error that says so."""

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1


@cache
def own_network() -> tuple[str, ...]:
    """Return the words in front of a command that give it a network of its own; none where that is refused."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    words = (unshare, "--map-root-user", "--net", sys.executable, str(Path(__file__).resolve()))
    tried = subprocess.run([*words, "true"], capture_output=True)
    return words if tried.returncode == 0 else ()


def _loopback_on() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


if __name__ == "__main__":
    _loopback_on()
    os.execvp(sys.argv[1], sys.argv[1:])
