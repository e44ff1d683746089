"""Links where the pages only name things: `interp.x.y` in the reference, `docs/page.md`."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import NoUri
from sphinx.transforms.post_transforms import SphinxPostTransform

_OBJECT = re.compile(r"(interp(?:\.\w+)+)(?:\(.*\))?", re.DOTALL)
_PAGE = re.compile(r"docs/([\w/]+)\.md")


class HouseLinks(SphinxPostTransform):
    """Turns inline code that names an object of the reference, or a page of these, into a link.

    A code host shows the same text, and there it is plain code; nothing is lost where there is
    nothing to link to.
    """

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        """Go through the inline code of a page."""
        for code in list(self.document.findall(nodes.literal)):
            if _inside_a_link(code):
                continue
            link = self._object(code) or self._page(code)
            if link is not None:
                code.replace_self(link)

    def _object(self, code: nodes.literal) -> nodes.reference | None:
        named = _OBJECT.fullmatch(code.astext())
        known = self.env.domains.python_domain.objects
        if named is None or named[1] not in known:
            return None
        entry = known[named[1]]
        return self._link(entry.docname, entry.node_id, code)

    def _page(self, code: nodes.literal) -> nodes.reference | None:
        named = _PAGE.fullmatch(code.astext())
        if named is None or named[1] not in self.env.found_docs:
            return None
        return self._link(named[1], "", code)

    def _link(self, page: str, anchor: str, code: nodes.literal) -> nodes.reference | None:
        here = self.env.docname
        try:
            address = self.app.builder.get_relative_uri(here, page)
        except NoUri:
            return None
        target = f"#{anchor}" if anchor else ""
        if page == here and not target:
            return None
        link = nodes.reference("", "", internal=True, refuri=address + target)
        link += code.deepcopy()
        return link


def _inside_a_link(node: nodes.Node) -> bool:
    above = node.parent
    while above is not None:
        if isinstance(above, nodes.reference | nodes.title):
            return True
        above = above.parent
    return False


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_post_transform(HouseLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
