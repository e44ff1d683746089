"""A section per module of a package, with what its docstrings say."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules


def modules(package: str, level: str = "2", only: str = "all") -> str:
    """Write a heading and an ``automodule`` for each public module of a package.

    A new module is in the reference without being added to a list.

    Args:
        package: its dotted name.
        level: of the headings.
        only: ``packages``: leave out those that are a single file.
    """
    return "\n\n".join(
        module(f"{package}.{one.name}", level)
        for one in sorted(iter_modules(import_module(package).__path__), key=lambda one: one.name)
        if not one.name.startswith("_") and (only == "all" or one.ispkg)
    )


def module(name: str, level: str) -> str:
    """Write the section of one module.

    Args:
        name: its dotted name.
        level: of the heading.
    """
    return (
        f"{'#' * int(level)} `{name}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```"
    )


def report() -> str:
    """Write the section of the report; what its package exports stands in the modules it comes from."""
    own = "```{eval-rst}\n.. automodule:: interp.report\n```"
    return f"## The report\n\n{own}\n\n" + modules("interp.report", "3")
