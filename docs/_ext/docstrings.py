"""The house's docstrings as reStructuredText: formulae set off as code, types as the source writes them."""

from __future__ import annotations

import inspect
import re
import types
import typing
from typing import Any

from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.util.inspect import stringify_signature

_BAR = re.compile(r"``.*?``|`.*?`|(\|)")
_LISTED = re.compile(r"([-*•]|\d+\.) ")


def _signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, args: str | None, returns: str | None
) -> tuple[str, str] | None:
    """Write `NDArray[np.float64]` and not what it stands for, which is several lines long.

    Annotations are text in the source (``from __future__ import annotations``) and stay that.
    """
    if what not in ("function", "method", "class") or args is None:
        return None
    try:
        found = inspect.signature(obj)
    except (TypeError, ValueError):
        return None
    first = next(iter(found.parameters), "")
    if what == "method" and first in ("self", "cls"):
        found = found.replace(parameters=list(found.parameters.values())[1:])
    if what == "class":
        found = found.replace(return_annotation=inspect.Signature.empty)
    if found.return_annotation == "None":
        found = found.replace(return_annotation=inspect.Signature.empty)
    written = stringify_signature(found, unqualified_typehints=True)
    inside, _, arrow = written.rpartition(") -> ")
    return (f"{inside})", arrow) if inside else (written, "")


def _docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    if what in ("property", "attribute", "data") and lines:
        # napoleon takes what stands before a colon for the type
        lines[:1] = re.sub(r": (?=\S)", ":\n", lines[0], count=1).splitlines()
    lines[:] = set_off(lines)


def _skip(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out names of types, like ``Floats``: signatures show them, and nothing is said of them."""
    return True if isinstance(obj, types.GenericAlias | typing._GenericAlias) else None  # type: ignore[attr-defined]


def set_off(lines: list[str]) -> list[str]:
    """Make what is indented below a paragraph code, and bars in a sentence no markup.

    Args:
        lines: of a docstring, its margin taken away.
    """
    written: list[str] = []
    above = ""  # the last line of the paragraph before
    code = False
    table = False
    for line in lines:
        indented = line.startswith("    ")
        table = (table and bool(line.strip())) or line.startswith(("====", "+--"))
        begins = indented and above and not (written and written[-1].strip())
        if begins and not code and not above.startswith(" ") and not _LISTED.match(above):
            if not above.endswith("::"):
                written += ["::", ""]
            code = True
        elif line.strip() and not indented:
            code = False
        written.append(line if code or table else _BAR.sub(_escaped, line))
        if line.strip() and not code:
            above = line
    return written


def _escaped(match: re.Match[str]) -> str:
    return r"\|" if match[1] else match[0]


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at every docstring before napoleon does."""
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"  # as the docstrings call them
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-docstring", _docstring, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
