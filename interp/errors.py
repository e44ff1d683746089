"""The errors a user can cause: each prints as one clear line and exits with code 2."""

from __future__ import annotations

from collections.abc import Iterable


class InterpError(Exception):
    """A mistake in the input: says the value, what was expected and the alternatives.

    The command line prints the message on one line and exits with code 2; nothing that was
    already computed is touched.
    """


def unknown(kind: str, value: object, known: Iterable[object], hint: str = "") -> InterpError:
    """Build the standard error for a value that is not in a closed list.

    Args:
        kind: what the value names, e.g. ``"language"``.
        value: what the user gave.
        known: the values that would have been accepted.
        hint: one more sentence on how to proceed.

    Returns:
        The error, to be raised by the caller.
    """
    choices = ", ".join(str(choice) for choice in known)
    text = f"unknown {kind} {str(value)!r}: expected one of {choices}"
    return InterpError(f"{text}. {hint}" if hint else text)


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's text, or its class where it says nothing.

    Args:
        error: any exception, e.g. a library's, which may go on for a page.
    """
    return str(error).splitlines()[0] if str(error) else type(error).__name__
