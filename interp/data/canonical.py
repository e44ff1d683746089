"""Hashes that do not depend on machine, process or order of insertion."""

from __future__ import annotations

import hashlib
import json


def canonical_hash(value: object) -> str:
    """Hash a JSON-able value: sha256 over sorted keys, no spaces, UTF-8.

    Args:
        value: anything ``json.dumps`` accepts.

    Returns:
        The hexadecimal digest.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def seeded_number(seed: int, *parts: str) -> float:
    """Give every name its own reproducible number in [0, 1).

    A hash and not a random stream: adding or removing one name never moves another, so a split
    or a sample of facts is the same for every checkpoint, language list and process.
    """
    digest = hashlib.sha256("\x1f".join((str(seed), *parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
