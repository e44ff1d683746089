"""What the option dataclasses share: checks of their values, and the way to JSON and back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, Self

from interp.errors import InterpError, unknown


def check_choice(options: Any, name: str, choices: Iterable[str]) -> None:
    """Refuse a value outside a closed list."""
    value = getattr(options, name)
    if value not in tuple(choices):
        raise unknown(f"{options.analysis} option {name}", value, choices)


def check_fraction(options: Any, name: str, *, none_allowed: bool = False) -> None:
    """Refuse what is not a number between 0 and 1, both excluded."""
    value = getattr(options, name)
    if value is None and none_allowed:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise InterpError(
            f"{options.analysis} option {name} is {value!r}: expected a number between 0 and 1"
            + (" or none" if none_allowed else "")
        )


def check_positive(options: Any, name: str, *, zero: bool = False) -> None:
    """Refuse what is not a whole number of at least 1 (or 0)."""
    value = getattr(options, name)
    lowest = 0 if zero else 1
    if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
        raise InterpError(
            f"{options.analysis} option {name} is {value!r}: expected a whole number >= {lowest}"
        )


def check_flag(options: Any, name: str) -> None:
    """Refuse what is neither true nor false."""
    value = getattr(options, name)
    if not isinstance(value, bool):
        raise InterpError(f"{options.analysis} option {name} is {value!r}: expected true or false")


def check_above_zero(options: Any, name: str, *, none_allowed: bool = False) -> None:
    """Refuse what is not a finite number above 0."""
    value = getattr(options, name)
    if value is None and none_allowed:
        return
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf:
        raise InterpError(
            f"{options.analysis} option {name} is {value!r}: expected "
            + ("none or a number > 0" if none_allowed else "a number > 0")
        )


class Options:
    """What the option dataclasses share."""

    analysis = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the options as a JSON-able dict, for ``RunSpec.arguments``."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def of_run(cls, arguments: Mapping[str, Any]) -> Self:
        """Read the options back from a run's arguments, which hold more than them."""
        names = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in arguments.items() if name in names})
