"""To be written."""

from interp.comparison.family import Built, NotComparable, RunPair
from interp.study import Study


def build(study: Study, pair: RunPair) -> Built:
    """Build the statistics of two runs."""
    raise NotComparable("not written yet")
