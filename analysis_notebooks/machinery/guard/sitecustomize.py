"""Imported by every Python that starts with this folder on its path: no connection leaves the machine."""

from __future__ import annotations

import socket
from typing import Any

_LOCAL = ("127.", "localhost", "::1", "0.0.0.0")


def _refuse(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else str(host)
    if host and not name.startswith(_LOCAL):
        raise OSError(f"notebooks run without the network, and this one reaches for {name}")


def _guarded(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any, *more: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse(address[0])
        return connect(self, address, *more)

    return guarded


def _guarded_lookup(host: Any, *more: Any, **named: Any) -> Any:
    _refuse(host)
    return _lookup(host, *more, **named)


_lookup = socket.getaddrinfo
socket.getaddrinfo = _guarded_lookup
for _name in ("connect", "connect_ex"):
    setattr(socket.socket, _name, _guarded(getattr(socket.socket, _name)))
