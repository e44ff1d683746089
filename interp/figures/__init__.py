"""Charts of what a study holds: pure builders, frame in, plotly figure out.

They compute nothing and read nothing; whoever calls them (dashboard, notebook, report) has the frame
already, shows it beside the chart and offers it for download. Conventions:

- a checkpoint is one colour, marker and dash (`interp.figures.marks`), in every chart;
- one of twelve languages is never told by colour alone: facets, rows, labels;
- ranks are shown as rank + 1, layers, heads and neurons 0-based, and the axis says so;
- a bar axis begins at 0; a diverging scale is centred on 0; a value that is not a number is a gap;
- no text colour is set, so that a light and a dark page both stay readable.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    """Import a theme when it is first asked for: ``interp.figures.heads``."""
    if name not in {module.name for module in iter_modules(__path__)}:
        raise AttributeError(f"module 'interp.figures' has no attribute {name!r}")
    return import_module(f"interp.figures.{name}")
