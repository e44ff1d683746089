"""The works behind the methods that a study used: as text to read and BibTeX to copy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

OF_ANALYSIS = {
    "lape": ("tang2024",),
    "lahis": ("liu2025",),
    "lens": ("nostalgebraist2020", "wendler2024"),
    "mcq": ("qi2023", "wang2025"),
    "klar": ("wang2025",),
}
"""Analysis to the works that its method is taken from."""

PAPER, ADJUSTMENT, LORA, GRPO = "vonrad2026", "holm1979", "hu2022", "shao2024"

_ENTRY = re.compile(r"^@(\w+)\{(\w+),$")
_FIELD = re.compile(r"^  (\w+) = \{(.*)\},$")


@dataclass(frozen=True)
class Work:
    """One work.

    Attributes:
        key: of its BibTeX entry.
        bibtex: the entry.
        fields: name to value, braces inside taken away.
    """

    key: str
    bibtex: str
    fields: dict[str, str]

    @property
    def said(self) -> str:
        """Authors, year and title, as in a list of references."""
        return f"{self._authors()} ({self.fields['year']}). {self.fields['title']}."

    @property
    def where(self) -> str:
        """Where it appeared, as far as is recorded; may be empty."""
        own = self.fields
        parts = [own.get("booktitle") or own.get("journal") or own.get("howpublished", "")]
        if "volume" in own:
            parts[0] += f" {own['volume']}({own['number']})"
        if "pages" in own:
            parts.append(own["pages"].replace("--", "–"))
        if "eprint" in own:
            parts.append(f"arXiv:{own['eprint']}")
        return ", ".join(filter(None, parts))

    def _authors(self) -> str:
        names = self.fields["author"].split(" and ")
        if len(names) > 6:
            return f"{names[0]} and others"
        return "; ".join(names)


def works(keys: Iterable[str]) -> tuple[Work, ...]:
    """Return the works of some keys, in the file's order.

    Args:
        keys: of BibTeX entries in ``references.bib``.
    """
    known = _all()
    wanted = set(keys)
    missing = wanted - {one.key for one in known}
    if missing:
        raise KeyError(f"references.bib has no {', '.join(sorted(missing))}")
    return tuple(one for one in known if one.key in wanted)


def _all() -> tuple[Work, ...]:
    text = (resources.files("interp.report") / "references.bib").read_text(encoding="utf-8")
    return tuple(_work(part) for part in text.strip().split("\n\n"))


def _work(text: str) -> Work:
    head, *lines = text.splitlines()
    entry = _ENTRY.match(head)
    assert entry is not None, head
    fields = {}
    for line in lines:
        if found := _FIELD.match(line):
            fields[found[1]] = found[2].replace("{", "").replace("}", "")
    return Work(entry[2], text, fields)
