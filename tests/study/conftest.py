"""The checkpoint and the texts of the command line's tests."""

from tests.cli.conftest import checkpoint, corpus

__all__ = ["checkpoint", "corpus"]
