"""Hostile texts and files."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

ESCAPE = "\x1b[2J\x1b]0;owned\x07"
OVERRIDE = "\u202efdp.exe\u202c"
HIDDEN = "a\u200bb\ufeffc\u2060d"
TEXTS = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "svg": "<svg/onload=alert(1)>",
    "markdown": "[x](javascript:alert(1)) **b** `c` | d",
    "latex": "\\input{/etc/passwd} $x$ \\write18{id}",
    "markup": "[red]rich[/red] [link=file:///etc/passwd]x[/link]",
    "formula": "=cmd|' /C calc'!A0",
    "minus": "-2+3+cmd|' /C calc'!A0",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "escape": ESCAPE,
    "override": OVERRIDE,
    "hidden": HIDDEN,
    "nul": "a\0b",
    "newline": "a\nb\r\nc\u2028d",
    "format": "{0} %s %(x)s ${HOME} {{7*7}}",
    "long": "x" * 100_000,
}
"""What questions, options, units and relations may hold; all of it is text, and stays what it is."""


class Command:
    """Pickled, this asks whoever loads it to create a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.trace}",)


def lying_safetensors(kind: str) -> bytes:
    """A file of safetensors whose header is not true."""
    f32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    headers: dict[str, Any] = {
        "overlapping": {"a": f32, "b": f32},
        "beyond": {"a": {**f32, "data_offsets": [0, 2**62]}},
        "backwards": {"a": {**f32, "data_offsets": [8, 0]}},
        "shape": {"a": {**f32, "shape": [2**40, 2**40]}},
        "negative": {"a": {**f32, "shape": [-1]}},
        "type": {"a": {**f32, "dtype": "F31"}},
        "list": [1],
    }
    if kind == "length":
        return struct.pack("<Q", 2**63 - 1) + b"{}"
    if kind == "endless":
        return struct.pack("<Q", 90_000_000) + b"{}"
    if kind == "text":
        return struct.pack("<Q", 4) + b"\xff\xfe{}" + bytes(8)
    if kind == "deep":
        body = b"[" * 100_000
        return struct.pack("<Q", len(body)) + body
    body = json.dumps(headers[kind]).encode()
    return struct.pack("<Q", len(body)) + body + bytes(8)


LIES = (
    "length", "endless", "text", "deep", "overlapping", "beyond", "backwards", "shape", "negative",
    "type", "list",
)  # fmt: skip

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
"""Nine lines that stand for 9**9 items."""


def fact(fact_id: str, text: str, **changes: Any) -> dict[str, Any]:
    """A record of a fact whose every text holds ``text``."""
    options = [f"{text}{place}" for place in "abcd"]
    one = {"question": f"{text}?", "options": options, "answer_index": 0, "subject": text}
    return {
        "fact_id": fact_id, "relation": text[:50], "property_id": "P1", "split": "test",
        "option_ids": ["o0", "o1", "o2", "o3"], "texts": {"en": one, "es": one}, **changes,
    }  # fmt: skip
