"""What Sphinx and the theme leave out for whoever reads by keyboard or by ear."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def _page(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if "body" in context:
        # code that is wider than the page is scrolled, also from the keyboard
        body = context["body"].replace("<pre>", '<pre tabindex="0">')
        # a signature on several lines is laid out as a list of definitions, and is none
        context["body"] = body.replace("<dl>\n<dd>", '<dl role="presentation">\n<dd>')
    if "furo_navigation_tree" in context:
        context["furo_navigation_tree"] = context["furo_navigation_tree"].replace(
            'role="heading"', 'role="heading" aria-level="2"'
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at every page after the theme, before it is written."""
    app.connect("html-page-context", _page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
