"""What a notebook does where a study lacks what a plate needs: it says so in one line and goes on."""

from __future__ import annotations

import html
from types import TracebackType
from typing import Any

from interp.plates.plate import Lacking

MARK = "interp-lacking"
"""In the metadata of an output: the cell shows nothing but what the study lacks."""


def say_what_is_lacking() -> None:
    """Have the cells of this notebook end in one line, and no traceback, where the study lacks something.

    A cell that raises `Lacking` then counts as done, so that *Run all*, papermill and nbconvert go on
    with the next. Any other error stays one. Outside of a notebook nothing is changed.
    """
    shell = notebook_shell()
    if shell is None or getattr(shell, "_interp_says_lacking", False):
        return
    shell._interp_says_lacking = True
    shell.set_custom_exc((Lacking,), _say)
    shell.events.register("post_run_cell", _counts_as_done)


def notebook_shell() -> Any:
    """Return the shell of this notebook; None outside of one."""
    try:
        from IPython import get_ipython
    except ImportError:  # plates are drawn without IPython, too
        return None
    return get_ipython()


def _say(
    shell: Any, kind: type[Lacking], lacking: Lacking, trace: TracebackType, tb_offset: Any = None
) -> None:
    """Show the line; IPython calls this in place of printing a traceback."""
    from IPython.display import display

    text = str(lacking)
    said = {"text/markdown": f"*Not in this study:* {plain(text)}", "text/plain": text}
    display(said, metadata={MARK: True}, raw=True)


def _counts_as_done(result: Any) -> None:
    """Take the error off a cell's result, which tells the front end how the cell ended."""
    if isinstance(result.error_in_exec, Lacking):
        result.error_in_exec = None


def plain(text: str) -> str:
    """Escape what Markdown would act on: labels and paths of a study are no markup."""
    escaped = html.escape(text, quote=False)
    for sign in "\\`*_[]$|~":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped
