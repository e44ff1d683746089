"""What a reader's search asks for: words, and quotations as they stand."""

from __future__ import annotations


def search_words(text: str) -> list[str]:
    """Cut a search at spaces, but not inside quotation marks.

    Args:
        text: e.g. ``euro "capital of"``; an unfinished quotation goes to the end.

    Returns:
        What has to occur, each in lower case; empty for nothing but spaces.
    """
    found = []
    for place, part in enumerate(text.casefold().split('"')):
        found += [part] if place % 2 else part.split()
    return [word for word in found if word]
