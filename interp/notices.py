"""What an analysis says on standard error while it works, beside its progress."""

from __future__ import annotations

import sys

from interp.parallel import is_first
from interp.printable import printable


def tell(analysis: str, text: str) -> None:
    """Print one line, e.g. ``interp lape: no percentile filter``; of several processes the first.

    Args:
        analysis: whose notice it is.
        text: what it says.
    """
    if is_first():
        print(f"interp {analysis}: {printable(text)}", file=sys.stderr, flush=True)
