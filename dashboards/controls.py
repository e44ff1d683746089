"""Widgets whose values stand in the URL, so that a link reproduces the view.

Every widget has a key of its own over all pages; a key that two pages share (``lang``, ``fact``) keeps its
value from one to the other. The URL carries the option's text as it is shown, so options are codes and
names that read well in a link. A value in the URL that is no option is said, never silently replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")


def choose(
    label: str,
    options: Sequence[T],
    key: str,
    *,
    default: T | None = None,
    help: str | None = None,
    disabled: bool = False,
) -> T:
    """Choose one of several.

    Args:
        label: of the widget.
        options: at least one; shown with ``str``.
        key: of the session and of the URL.
        default: the first where omitted.
        help: tooltip.
        disabled: whether it is shown without being usable.
    """
    _say_unknown(label, key, options)
    _drop_gone(key, options)
    index = next((at for at, one in enumerate(options) if one == default), 0)
    _follow_default(key, options[index])
    chosen = st.selectbox(
        label, options, index=index, key=key, help=help, disabled=disabled, bind="query-params"
    )
    return options[index] if chosen is None else chosen  # type: ignore[return-value]


def choose_view(
    label: str,
    options: Sequence[str],
    key: str,
    *,
    default: str | None = None,
    help: str | None = None,
) -> str:
    """Choose one of a few, all of them visible."""
    _say_unknown(label, key, options)
    _drop_gone(key, options)
    _follow_default(key, default or options[0])
    chosen = st.segmented_control(
        label,
        options,
        default=default or options[0],
        required=True,
        key=key,
        help=help,
        bind="query-params",
    )
    return str(chosen or default or options[0])


def choose_some(
    label: str,
    options: Sequence[T],
    key: str,
    *,
    default: Sequence[T] | None = None,
    most: int | None = None,
    help: str | None = None,
) -> list[T]:
    """Choose any number of several, in their order.

    Args:
        label: of the widget.
        options: what there is.
        key: of the session and of the URL.
        default: chosen at first; all where omitted.
        most: at most so many.
        help: tooltip.
    """
    _say_unknown(label, key, options, most)
    start = list(options if default is None else default)
    start = [one for one in start if one in options][:most]
    _follow_default(key, start)
    known = [one for one in st.session_state.get(key, ()) if one in options][:most]
    if key in st.session_state and known != list(st.session_state[key]):
        st.session_state[key] = known
    chosen = st.multiselect(
        label,
        options,
        default=start,
        key=key,
        max_selections=most,
        help=help,
        bind="query-params",
    )
    return [one for one in options if one in chosen]


def number(
    label: str,
    low: float,
    high: float,
    key: str,
    *,
    default: float,
    step: float = 1,
    help: str | None = None,
) -> Any:
    """Choose a number with a slider; whole where ``step`` is."""
    _say_outside(label, key, low, high, whole=float(step).is_integer())
    held = st.session_state.get(key)
    if isinstance(held, int | float) and not low <= held <= high:
        st.session_state[key] = min(max(held, low), high)
    _follow_default(key, default)
    return st.slider(label, low, high, default, step=step, key=key, help=help, bind="query-params")


def span(
    label: str,
    low: int,
    high: int,
    key: str,
    *,
    default: tuple[int, int] | None = None,
    help: str | None = None,
) -> tuple[int, int]:
    """Choose a range of whole numbers, one number where there is only one.

    Args:
        label: of the widget.
        low: the least.
        high: the largest.
        key: of the session and of the URL.
        default: chosen at first; all of it where omitted.
        help: tooltip.
    """
    _say_outside(label, key, low, high, whole=True, ends=2)
    if low == high:
        st.caption(f"{label}: {low}")
        return low, high
    held = st.session_state.get(key)
    if isinstance(held, tuple | list) and not (low <= held[0] <= held[1] <= high):
        st.session_state[key] = (low, high)
    start = default or (low, high)
    _follow_default(key, start)
    one, other = st.slider(label, low, high, start, key=key, help=help, bind="query-params")
    return min(one, other), max(one, other)  # a link may name the ends in any order


def toggle(label: str, key: str, *, default: bool = False, help: str | None = None) -> bool:
    """Switch something on or off."""
    for value in _asked(key):
        if value not in ("true", "false"):
            st.warning(f"{label}: the link asks for {value!r}. Expected true or false.")
    return st.toggle(label, default, key=key, help=help, bind="query-params")


def ask_text(label: str, key: str, *, help: str | None = None, hint: str | None = None) -> str:
    """Ask for words, e.g. to search for; empty at first.

    Args:
        label: of the widget.
        key: of the session and of the URL.
        help: tooltip.
        hint: shown while nothing is written.
    """
    return st.text_input(label, key=key, help=help, placeholder=hint, bind="query-params") or ""


def set_control(key: str, value: Any) -> None:
    """Set a widget from a click; call it in a callback, before the widget is drawn again."""
    st.session_state[key] = value
    st.session_state[f"{key} clicked"] = True


def _follow_default(key: str, default: Any) -> None:
    """Let a widget that is at its default stay there when the default moves with other widgets.

    The URL names what differs from the default only: what it does not name has to be the default, or
    the same address would show another view in another window.
    """
    note = f"{key} default"
    before = st.session_state.get(note, default)
    st.session_state[note] = default
    clicked = st.session_state.pop(f"{key} clicked", False)
    if before == default or clicked or _asked(key):
        return
    if key in st.session_state and st.session_state[key] == before:
        st.session_state[key] = default


def _asked(key: str) -> list[str]:
    return st.query_params.get_all(key) if key in st.query_params else []


def _say_unknown(label: str, key: str, options: Iterable[Any], most: int | None = 1) -> None:
    known = [str(one) for one in options]
    asked = _asked(key)
    for value in asked:
        if value not in known and value:
            shown = ", ".join(known[:12]) + (" …" if len(known) > 12 else "")
            st.warning(
                f"{label}: the link asks for {value!r}, which is not here. Expected one of {shown}."
            )
    if most is not None and len(asked) > most:
        st.warning(f"{label}: the link asks for {', '.join(asked)}. Expected at most {most}.")


def _say_outside(
    label: str, key: str, low: float, high: float, *, whole: bool, ends: int = 1
) -> None:
    asked = _asked(key)
    kind = "whole number" if whole else "number"
    for value in asked:
        try:
            number = float(value)
            fits = low <= number <= high and (number.is_integer() or not whole)
        except ValueError:
            fits = False
        if not fits:
            st.warning(
                f"{label}: the link asks for {value!r}. Expected a {kind} from {low} to {high}."
            )
    if asked and len(asked) != ends:
        expected = "two numbers" if ends == 2 else "one number"
        st.warning(f"{label}: the link asks for {', '.join(asked)}. Expected {expected}.")


def _drop_gone(key: str, options: Sequence[Any]) -> None:
    """Forget a choice of another study or page that is no option here."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]
