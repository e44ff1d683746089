"""One claim as it stands in a file, held against what a claim may say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, NoReturn

from interp.claims.claim import DIRECTIONS, EACH, QUANTITIES, TAKES, UNITS, Claim
from interp.claims.statistics import STATISTICS, Stored, stored, units_of
from interp.data.language_sets import LANGUAGE_SETS
from interp.data.languages import TRAINED

_KEYS = tuple(one.name for one in fields(Claim) if one.name != "file")
_NEEDED = ("id", "text", "source", "model", "role", "analysis", "statistic", "quantity", "unit")
_TEXTS = (*_NEEDED, "base", "direction", "take", "data", "preset", "measured", "note")
_SETS = {"trained": TRAINED, "klar": (*LANGUAGE_SETS["paper_klar"]["seen"], *LANGUAGE_SETS["paper_klar"]["held_out"])}  # fmt: skip

_LONGEST = 100
_MOST_LAYERS = 10_000  # more than any model has, and a number that a table can hold


def shown(value: object) -> str:
    """Write a value as it goes into one line: a long one is cut."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        return "a number that is too long to print"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


class _Refuse:
    """Raises with the file's and the claim's name in front."""

    def __init__(self, file: str, name: str) -> None:
        self.where = f"{file}: claim {name}"

    def __call__(self, key: str, value: object, expected: str) -> NoReturn:
        from interp.errors import InterpError

        raise InterpError(f"{self.where}: {key} is {shown(value)}, expected {expected}")

    def unless_in(self, key: str, value: object, known: Sequence[str]) -> None:
        if value not in known:
            self(key, value, f"one of {', '.join(known)}")


def check_claim(
    given: Mapping[Any, Any], file: str, place: int, roles: Sequence[str]
) -> list[Claim]:
    """Check one claim.

    Args:
        given: its keys and values.
        file: the file it stands in.
        place: which claim of the file it is, from 1; its name while it has no id.
        roles: the roles there are.

    Returns:
        The claim, or one per language where ``reported`` gives a number for each.

    Raises:
        InterpError: one line with file, claim, key, value and what was expected.
    """
    name = given.get("id")
    refuse = _Refuse(file, repr(name) if isinstance(name, str) and name else str(place))
    for key in given:
        refuse.unless_in("the key", key, _KEYS)
    for key in _NEEDED:
        if key not in given:
            refuse(key, None, "to be given")
    for key in _TEXTS:
        value = given.get(key, "x")
        if not isinstance(value, str) or (not value.strip() and key in _NEEDED):
            refuse(key, value, "text")
    for key in ("role", "base"):
        refuse.unless_in(key, given.get(key, "base"), roles)
    refuse.unless_in("analysis", given["analysis"], tuple(STATISTICS))
    held = stored(given["analysis"], given["statistic"])
    if held is None:
        refuse("statistic", given["statistic"], f"one of {', '.join(STATISTICS[given['analysis']])}")  # fmt: skip
    refuse.unless_in("quantity", given["quantity"], QUANTITIES)
    refuse.unless_in("unit", given["unit"], UNITS)
    _check_quantity(given, held, refuse)
    _check_selectors(given, held, refuse)
    numbers, digits = _reported(given, refuse)
    _check_claimed(given, held, numbers, refuse)
    claim = Claim(
        **{key: given[key] for key in _TEXTS if key in given},
        lang=given.get("lang"),
        other_lang=given.get("other_lang"),
        layer=given.get("layer"),
        without=tuple(given.get("without", ())),
        languages=_languages(given, refuse),
        reported=None if isinstance(numbers, dict) else numbers,
        digits=digits,
        file=file,
    )
    if isinstance(numbers, dict):
        return [claim.of_language(lang, one, digits) for lang, one in numbers.items()]
    return [claim]


def _check_quantity(given: Mapping[str, Any], held: Stored, refuse: _Refuse) -> None:
    quantity, name = given["quantity"], given["statistic"]
    fits = {
        "value": True,
        "signed": held.signed,
        "level": held.levels,
        "complement": held.kind == "likeness",
    }
    if not fits[quantity]:
        able = ", ".join(one for one in QUANTITIES if fits[one])
        refuse("quantity", quantity, f"of {name} (a {held.kind}) one of {able}")
    units = units_of(held, quantity)
    if given["unit"] not in units:
        refuse("unit", given["unit"], f"of {quantity} of {name} {' or '.join(units)}")
    if quantity != "level" and given["role"] == given.get("base", "base"):
        refuse("role", given["role"], "another checkpoint than base, which it is compared with")


def _check_selectors(given: Mapping[str, Any], held: Stored, refuse: _Refuse) -> None:
    for key in ("lang", "other_lang"):
        value = given.get(key)
        # YAML reads a bare `no` as false: Norwegian has to be quoted
        if value is not None and (not isinstance(value, str) or not value):
            refuse(key, value, "a language code as text, or each")
    layer = given.get("layer")
    if layer is not None and not (type(layer) is int and 0 <= layer < _MOST_LAYERS):
        refuse("layer", layer, f"a whole number from 0 to {_MOST_LAYERS - 1}")
    chosen = {key for key in ("lang", "other_lang", "layer") if given.get(key) is not None}
    if isinstance(given.get("reported"), dict):
        if "lang" in chosen:
            refuse("lang", given["lang"], "not to be given beside a number for each language")
        chosen.add("lang")
    possible = [set(one.split("+")) - {""} for one in held.axes]
    if chosen not in possible:
        choices = " or ".join(one.replace("+", " and ") or "none" for one in held.axes)
        found = ", ".join(sorted(chosen)) or "none"
        refuse("the choice of lang, other_lang and layer", found, f"of {given['statistic']} {choices}")  # fmt: skip
    each = EACH in (given.get("lang"), given.get("other_lang"))
    if given.get("other_lang") == EACH and given.get("lang") != EACH:
        refuse("other_lang", EACH, "a code, or lang: each as well")
    if each != bool(given.get("take")):
        refuse("take", given.get("take"), f"one of {', '.join(TAKES)} where lang is each, else none")  # fmt: skip
    if each:
        refuse.unless_in("take", given["take"], TAKES)
    without = given.get("without", [])
    if not _are_codes(without) or (without and not each):
        refuse("without", without, "a list of language codes, beside lang: each")


def _reported(
    given: Mapping[str, Any], refuse: _Refuse
) -> tuple[tuple[float, ...] | dict[str, float] | None, int]:
    """Return the numbers and the digits after the point."""
    value = given.get("reported")
    wanted = "a number, [low, high] for take: range, or a number for each language"
    if isinstance(value, dict):
        if not value or not _are_codes(list(value)) or not all(map(_is_number, value.values())):
            refuse("reported", value, wanted)
        numbers: Any = {lang: float(one) for lang, one in value.items()}
        written = list(value.values())
    elif value is None:
        numbers, written = None, []
    else:
        written = value if isinstance(value, list) else [value]
        ends = 2 if given.get("take") == "range" else 1
        if len(written) != ends or not all(map(_is_number, written)):
            refuse("reported", value, wanted)
        numbers = tuple(float(one) for one in written)
        if list(numbers) != sorted(numbers):
            refuse("reported", value, "the lower end first")
    digits = given.get("digits", max((_digits(one) for one in written), default=0))
    if isinstance(digits, bool) or not isinstance(digits, int) or not 0 <= digits <= 12:
        refuse("digits", digits, "a whole number from 0 to 12")
    if any(round(one, digits) != one for one in written):
        refuse("digits", digits, f"enough for {written}")
    return numbers, digits


def _check_claimed(
    given: Mapping[str, Any], held: Stored, numbers: object, refuse: _Refuse
) -> None:
    direction, take = given.get("direction", ""), given.get("take", "")
    if direction:
        refuse.unless_in("direction", direction, DIRECTIONS)
    if numbers is None and not direction:
        refuse("reported", None, "a number, or a direction instead")
    if take in ("range", "min", "max") and numbers is None:
        refuse("reported", None, f"to be given for take: {take}")
    if take == "every" and (numbers is not None or not direction):
        refuse("take", take, "a direction and no number")
    if direction in ("up", "down") and given["quantity"] not in ("value", "signed"):
        refuse("direction", direction, "only for a change (quantity value or signed)")
    if direction in ("up", "down") and given["quantity"] == "value" and held.kind != "difference":
        refuse("direction", direction, f"of a {held.kind} none (it has no sign)")
    if direction == "none" and given["quantity"] == "level":
        refuse("direction", direction, "only for a change, not for a level")


def _languages(given: Mapping[str, Any], refuse: _Refuse) -> tuple[str, ...]:
    value = given.get("languages", ())
    if isinstance(value, str):
        refuse.unless_in("languages", value, tuple(_SETS))
        return _SETS[value]
    if value != () and (not _are_codes(value) or not value):
        refuse("languages", value, f"a list of codes, or one of {', '.join(_SETS)}")
    return tuple(value)


def _are_codes(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _is_number(value: object) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number beyond what a float can be
        return False


def _digits(value: float) -> int:
    """Count the digits after the point of a number as YAML gave it; ``digits`` says zeros at the end."""
    text = repr(value)
    return len(text.partition(".")[2]) if "e" not in text and "." in text else 0
