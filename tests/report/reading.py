"""Reads a page as a text: headings, ids, what is inside elements; with the standard library's parser."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

_VOID = {"meta", "br", "hr", "img", "input", "link", "col"}


@dataclass
class Element:
    """One element with its attributes and all text inside it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    inside: tuple[str, ...] = ()


@dataclass
class _Reader(HTMLParser):
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        element.inside = tuple(one.tag for one in self.open)
        self.elements.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, (tag, [one.tag for one in self.open])
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


@cache
def _parsed(file: Path) -> tuple[str, list[Element]]:
    """Read a page once: that of the shipped study takes seconds."""
    html = file.read_text(encoding="utf-8")
    reader = _Reader()
    reader.feed(html)
    assert not reader.open
    return html, reader.elements


class Page:
    """A page as it stands in its file."""

    def __init__(self, file: Path) -> None:
        """Read it."""
        self.html, self.elements = _parsed(file)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Every element of a tag with these attributes (``class_`` for class)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            one
            for one in self.elements
            if one.tag == tag and all(one.attributes.get(k) == v for k, v in wanted.items())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        """The only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    @property
    def text(self) -> str:
        """What a reader reads, scripts and styles left out."""
        (body,) = self.all("body")
        said = body.text
        for script in [*self.all("script"), *self.all("style")]:
            said = said.replace(script.text, "")
        return said
