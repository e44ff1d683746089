"""The site builds without a warning, refers to no host, and has what is public."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from sphinx.util.inventory import InventoryFile

import interp
import interp.figures
import interp.plates
from interp.presets import presets_frame
from tests.docs.site import ROOT, Site

LOADED = {
    ("script", "src"), ("link", "href"), ("img", "src"), ("img", "srcset"), ("source", "src"),
    ("iframe", "src"), ("video", "src"), ("audio", "src"), ("object", "data"), ("embed", "src"),
}  # fmt: skip
"""What a browser fetches when it opens a page, without a click."""


class Page(HTMLParser):
    """What a page loads, links to and is linked by, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.images: list[dict[str, str | None]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.loads += [str(value) for name, value in attrs if (tag, name) in LOADED]
        if tag == "a" and known.get("href"):
            self.links.append(str(known["href"]))
        if known.get("id"):
            self.ids.add(str(known["id"]))
        if tag == "img":
            self.images.append(known)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="session")
def pages(site: Site) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.folder.rglob("*.html"))}


@pytest.fixture(scope="session")
def named(site: Site) -> dict[str, set[str]]:
    """Kind of object to the names that the inventory has."""
    inventory = InventoryFile.loads((site.folder / "objects.inv").read_bytes(), uri="")
    return {kind: set(entries) for kind, entries in inventory.data.items()}


@pytest.mark.slow
def test_builds_without_a_warning(site: Site) -> None:
    assert site.code == 0, site.said
    assert site.said.strip() == ""


@pytest.mark.slow
def test_no_page_or_style_loads_from_a_host(site: Site, pages: dict[Path, Page]) -> None:
    assert len(pages) >= 25
    for path, page in pages.items():
        abroad = [one for one in page.loads if one.startswith(("http:", "https:", "//"))]
        assert not abroad, f"{path.name}: {abroad}"
    styles = list(site.folder.rglob("*.css"))
    assert styles
    for path in styles:
        loaded = re.findall(
            r"(?:url\(|@import)\s*['\"]?\s*((?:https?:)?//[^'\")\s]+)", path.read_text()
        )
        assert not loaded, f"{path.name}: {loaded}"
    assert not list(site.folder.rglob("*mathjax*"))


@pytest.mark.slow
def test_links_lead_to_a_page_and_a_place(pages: dict[Path, Page]) -> None:
    followed = 0
    for path, page in pages.items():
        if path.name in ("genindex.html", "py-modindex.html", "search.html"):
            continue
        for link in page.links:
            to = urlsplit(link)
            if to.scheme or to.netloc or not (to.path or to.fragment):
                continue
            target = (path.parent / unquote(to.path)).resolve() if to.path else path
            assert target.exists(), f"{path.name}: {link}"
            if to.fragment and target in pages:
                assert unquote(to.fragment) in pages[target].ids, f"{path.name}: {link}"
            followed += 1
    assert followed > 500


@pytest.mark.slow
def test_pictures_are_there_and_described(pages: dict[Path, Page]) -> None:
    shown = [(path, one) for path, page in pages.items() for one in page.images]
    assert len(shown) >= 5
    for path, one in shown:
        assert one.get("alt"), f"{path.name}: {one}"
        assert (path.parent / str(one["src"])).exists()


@pytest.mark.slow
def test_formulae_are_mathml(site: Site) -> None:
    written = (site.folder / "methods.html").read_text(encoding="utf-8")
    assert written.count('display="block"') == (
        (ROOT / "docs" / "methods.md").read_text(encoding="utf-8").count("\n$$\n") // 2
    )
    assert "\\frac" not in re.sub(r'alttext="[^"]*"', "", written)
    assert "merror" not in written


@pytest.mark.slow
def test_every_public_name_is_in_the_reference(named: dict[str, set[str]]) -> None:
    everything = set().union(*named.values())
    missing = [name for name in interp.__all__ if f"interp.{name}" not in everything]
    assert not missing


def _public(module: ModuleType) -> Iterator[str]:
    for name, found in vars(module).items():
        own = inspect.isfunction(found) and found.__module__ == module.__name__
        if own and not name.startswith("_"):
            yield name


def builders() -> list[tuple[str, str]]:
    """Every public function of ``interp.figures``, and what the themes of plates export."""
    found = []
    for one in pkgutil.iter_modules(interp.figures.__path__):
        module = importlib.import_module(f"interp.figures.{one.name}")
        found += [(module.__name__, name) for name in _public(module)]
    for one in pkgutil.iter_modules(interp.plates.__path__):
        if one.ispkg:
            module = importlib.import_module(f"interp.plates.{one.name}")
            names = [name for name in module.__all__ if inspect.isfunction(getattr(module, name))]
            found += [(module.__name__, name) for name in names]
    return found


@pytest.mark.slow
def test_every_builder_and_plate_is_in_the_reference(named: dict[str, set[str]]) -> None:
    assert len(builders()) > 60
    missing = [".".join(one) for one in builders() if ".".join(one) not in named["py:function"]]
    assert not missing


@pytest.mark.parametrize(
    ("module", "name"), builders(), ids=lambda one: str(one).rpartition(".")[2]
)
def test_every_builder_says_what_it_takes(module: str, name: str) -> None:
    function = getattr(importlib.import_module(module), name)
    said = inspect.getdoc(function) or ""
    assert said
    taken = [p for p in inspect.signature(function).parameters if p not in ("view", "figure")]
    if len(taken) > 1:
        assert "Args:" in said
        lacking = [
            one for one in taken if not re.search(rf"^ +\*{{0,2}}{one}:", said, re.MULTILINE)
        ]
        assert not lacking


@pytest.mark.slow
def test_every_command_and_option_is_in_the_reference(pages: dict[Path, Page], site: Site) -> None:
    import typer.main

    from interp.cli.app import build

    text = pages[site.folder / "commands.html"].text
    stack = [("interp", typer.main.get_command(build()))]
    seen = 0
    while stack:
        path, command = stack.pop()
        stack += [(f"{path} {name}", one) for name, one in getattr(command, "commands", {}).items()]
        assert path in text
        for option in command.params:
            for name in option.opts:
                seen += 1
                assert name == "--help" or name in text or name.upper() in text, f"{path} {name}"
    assert seen > 200


@pytest.mark.slow
def test_the_presets_of_the_page_are_those_of_the_code(site: Site) -> None:
    written = (site.folder / "methods.html").read_text(encoding="utf-8")
    plain = re.sub(r"<[^>]+>", " ", written.split('<section id="presets">', 1)[1])
    words = plain.split()
    for row in presets_frame().to_dict("records"):
        values = [row[name] for name in ("default", "paper", "release", "tang2024", "liu2025")]
        wanted = [row["option"], *(value for value in values if value != "-")]
        at = [place for place, word in enumerate(words) if word == row["option"]]
        assert any(words[place : place + len(wanted)] == wanted for place in at), row


@pytest.mark.slow
def test_every_notebook_is_listed(site: Site, pages: dict[Path, Page]) -> None:
    linked = {Path(link).name for link in pages[site.folder / "notebooks.html"].links}
    scripts = sorted((ROOT / "analysis_notebooks").glob("[0-9]*.py"))
    assert scripts
    assert {script.name for script in scripts} <= linked


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", ["index", "tutorial", "methods", "figures", "api/plates", "commands"]
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_of_accessibility(
    site: Site, browser: Any, page: str, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1300, "height": 900})
    opened = context.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto((site.folder / f"{page}.html").as_uri())
    found = axe.Axe().run(opened).response["violations"]
    context.close()
    assert all(url.startswith(("file:", "data:")) for url in asked), asked
    serious = [(one["id"], one["nodes"][0]["target"]) for one in found
               if one["impact"] in ("serious", "critical")]  # fmt: skip
    assert not serious
