"""Links from one page to another, which keep what is chosen in the sidebar."""

from __future__ import annotations

import streamlit as st

_SIDEBAR = ("study", "base", "labels", "langs")


def query(**more: str) -> dict[str, str | list[str]]:
    """Write the query of a link to another page.

    Args:
        **more: widgets that the link sets, by their key.

    Returns:
        For ``st.page_link``: what the sidebar's widgets say in this address, and ``more``.
    """
    kept = {name: st.query_params.get_all(name) for name in _SIDEBAR if name in st.query_params}
    return {**kept, **more}
