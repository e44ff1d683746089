"""A PDF without the hour in which it was made."""

from __future__ import annotations

import re

_ENTRY = re.compile(rb"/(?:CreationDate|ModDate|Creator|Title) \((?:\\.|[^\\()])*\)")


def steady(printed: bytes) -> bytes:
    """Blank the dates and the browser's name, so that the same figure gives the same file.

    Args:
        printed: PDF as Chrome prints it; what is blanked leaves every other byte in its place, so that
            the table of positions stays true.
    """
    return _ENTRY.sub(lambda found: b" " * len(found.group()), printed)
