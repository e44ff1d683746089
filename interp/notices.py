"""What an analysis says on standard error while it works, beside its progress."""

from __future__ import annotations

import sys


def tell(analysis: str, text: str) -> None:
    """Print one line, e.g. ``interp lape: no percentile filter``.

    Args:
        analysis: whose notice it is.
        text: what it says.
    """
    print(f"interp {analysis}: {text}", file=sys.stderr, flush=True)
