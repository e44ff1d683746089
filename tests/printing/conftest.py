"""What tests of printing share."""

from __future__ import annotations

from tests.printing.fonts import machine

__all__ = ["machine"]
