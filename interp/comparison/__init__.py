"""Checkpoints of a study held against its base: every statistic with interval, noise floor, p, verdict."""

from interp.comparison.against_base import compare
from interp.comparison.family import Built, NotComparable, RunPair

__all__ = ["Built", "NotComparable", "RunPair", "compare"]
