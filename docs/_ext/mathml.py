"""Formulae as MathML, which browsers draw themselves: no script, no font, no LaTeX, no network."""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError


def _formula(tex: str, *, block: bool) -> str:
    try:
        written: str = tex2mathml(tex, as_block=block)
    except Exception as error:  # docutils raises several kinds for what it does not know
        raise ExtensionError(f"formula {tex!r}: {error}") from error
    # what it was written as, for whoever reads with a screen reader that knows no MathML
    return written.replace("<math ", f'<math alttext="{html.escape(tex)}" ', 1)


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(_formula(node.astext(), block=False))
    raise nodes.SkipNode


def _display(translator: Any, node: nodes.math_block) -> None:
    drawn = _formula(node.astext(), block=True)
    # it can be wider than the page and is then scrolled, also from the keyboard
    translator.body.append(
        f'<div class="formula" role="group" aria-label="formula" tabindex="0">{drawn}</div>\n'
    )
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
