"""Names: the language's own or none, whatever else Babel is used for in the same process."""

import json
import subprocess
import sys

import pytest
from babel import Locale
from babel.core import get_global
from babel.numbers import get_currency_name

from interp.data.facts import FactSet
from interp.data.languages import HELD_OUT, LANGUAGES, TRAINED
from interp.data.sources.cldr import load_facts
from interp.data.sources.cldr_facts import names
from interp.data.sources.cldr_facts.truths import territories

NON_LATIN = ("ru", "ar", "zh", "ja", "bn", "el", "fa", "he", "ko", "uk")

ORDER = """
import datetime, hashlib, json, sys
from babel.dates import format_date, format_timedelta, get_timezone_location
from babel.numbers import format_currency
from babel.units import format_unit
from babel import Locale
from interp.data.sources.cldr_facts.names import own_data

LANGS = ("de", "sw", "zh", "ar", "bn", "he")

def plain(value):
    if isinstance(value, dict):
        return sorted((repr(key), plain(item)) for key, item in value.items())
    return repr(value) if "object at" not in repr(value) else type(value).__name__

def own():
    digests = {}
    for lang in LANGS:
        text = json.dumps(plain(own_data(lang)))
        digests[lang] = [len(own_data(lang)), hashlib.sha256(text.encode()).hexdigest()]
    return digests

def formatted():
    day, hour = datetime.date(2024, 2, 29), datetime.timedelta(hours=3)
    return [
        [
            format_date(day, "full", locale=lang), format_timedelta(hour, locale=lang),
            format_currency(12.5, "EUR", locale=lang), get_timezone_location("Asia/Tokyo", locale=lang),
            format_unit(3, "length-mile", locale=lang), Locale(lang).number_symbols["latn"]["decimal"],
            Locale(lang).character_order,
        ]
        for lang in LANGS
    ]

print(json.dumps([{"own": own, "formatted": formatted}[step]() for step in sys.argv[1:]]))
"""


def run_order(*steps):
    done = subprocess.run(
        [sys.executable, "-c", ORDER, *steps], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_own_data_and_formatting_do_not_meet():
    """In either order: names stay the language's own, and Babel formats as if nobody had asked."""
    (own,), (formatted,) = run_order("own"), run_order("formatted")
    assert run_order("own", "formatted", "own") == [own, formatted, own]
    assert run_order("formatted", "own", "formatted") == [formatted, own, formatted]


def test_own_data_has_nothing_inherited():
    # Every language inherits these from the root locale, and none says them itself.
    merged = Locale("sw")._data
    for key in ("default_numbering_system", "character_order"):
        assert key in merged and key not in names.own_data("sw")
    assert len(names.own_data("sw")["time_zones"]) < len(merged["time_zones"])


def test_what_babel_fills_in_is_no_name():
    """The Caribbean guilder (2025) and Sark: Babel gives the bare code, or nothing."""
    for lang in ("de", "pt", "ru", "ar", "zh", "ja", "sw", "bn"):
        assert get_currency_name("XCG", locale=lang) == "XCG"
        assert names.currency_name("XCG", lang) is None
    assert names.currency_name("XCG", "en") == "Caribbean guilder"
    assert names.territory_name("CQ", "en") == "Sark"
    assert [lang for lang in TRAINED if names.territory_name("CQ", lang)] == ["en"]
    # Babel answers in English letters, or with the code, where Swahili has no name.
    assert names.language_name("aeb", "sw") is None and names.language_name("ar", "sw") == "Kiarabu"


def test_gaps_are_counted_and_not_shipped():
    facts = FactSet.load("cldr")
    ids = {fact.fact_id for fact in facts}
    # Curaçao and Sint Maarten pay with the guilder.
    assert facts.notes["currency_unnamed"] == 2 and facts.notes["official_language_unnamed"] == 1
    assert not ids & {"cldr:currency:CW", "cldr:currency:SX", "cldr:official_language:CQ"}
    assert not any("XCG" in fact.option_ids for fact in facts)


@pytest.mark.parametrize("lang", NON_LATIN)
def test_names_are_in_the_script_of_the_language(lang):
    english = {name.casefold() for name in names.own_data("en")["territories"].values()}
    for code in territories():
        name = names.territory_name(code, lang)
        assert name is None or (names.in_script(name, lang) and name.casefold() not in english)
    for fact in load_facts([lang]):
        text = fact.texts[lang]
        assert all(names.in_script(name, lang) for name in (text.subject, *text.options))
        assert not set(text.options) & set(fact.option_ids)


def test_english_or_a_code_in_the_language_s_data_is_no_name(monkeypatch):
    own = {"currency_names": {"AAA": "Arcadian Crown", "BBB": "BBB", "CCC": "крона"}}
    monkeypatch.setattr(names, "own_data", lambda lang: own)
    for made in ("AAA", "BBB", "DDD"):
        assert names.currency_name.__wrapped__(made, "ru") is None
    assert names.currency_name.__wrapped__("CCC", "ru") == "крона"
    assert names.currency_name.__wrapped__("AAA", "de") == "Arcadian Crown"
    assert names.currency_name.__wrapped__("BBB", "de") is None


def test_cities():
    assert names.city_name("Europe/Vienna", "de") == "Wien"
    # German drops what it would inherit: the last part of the zone's id.
    own = names.own_data("de")["time_zones"]
    assert "city" not in own.get("Europe/Berlin", {})
    assert names.city_name("Europe/Berlin", "de") == "Berlin"
    assert names.city_name("America/New_York", "de") == "New York"
    # CLDR keys Kolkata by its older name.
    assert names.city_name("Asia/Kolkata", "ru") == "Калькутта"
    assert names.city_name("Asia/Kolkata", "zh") == "加尔各答"
    assert names.city_name("Europe/Moscow", "ar") == "موسكو"


def test_a_city_needs_an_explicit_name_outside_latin_script(monkeypatch):
    monkeypatch.setattr(names, "own_data", lambda lang: {"time_zones": {}})
    monkeypatch.setattr(names, "_root", lambda: {"time_zones": {}})
    for lang in LANGUAGES:
        name = names.city_name.__wrapped__("Europe/Berlin", lang)
        assert name == (None if lang in NON_LATIN else "Berlin")


def test_held_out_languages_may_lack_facts_and_they_are_counted():
    everything = FactSet.load("cldr")
    korean = load_facts([*TRAINED, "ko"])
    assert len(korean) == len(everything) - 1
    assert korean.notes["missing_ko"] == korean.notes["dropped_incomplete"] == 1
    # Freetown is 프리타운 and Africa 아프리카: "프리" gives the answer away.
    lost = {fact.fact_id for fact in everything} - {fact.fact_id for fact in korean}
    assert lost == {"cldr:continent:Africa/Freetown"}
    all_of_them = load_facts(include_held_out=True)
    assert all_of_them.languages == (*TRAINED, *HELD_OUT)
    lacking = [all_of_them.notes.get(f"missing_{lang}", 0) for lang in HELD_OUT]
    assert len(all_of_them) + all_of_them.notes["dropped_incomplete"] == len(everything)
    assert max(lacking) <= len(everything) - len(all_of_them) <= sum(lacking)
    assert not any(text.stated for f in all_of_them for k, text in f.texts.items() if k in HELD_OUT)


def test_all_territories_are_considered():
    assert len(territories()) > 250 and {"XK", "TW", "PS", "AQ"} <= set(territories())
    assert not {"EU", "UN", "ZZ", "XA"} & set(territories())
    # Every country with a tender of its own is in the running.
    paid = set(get_global("territory_currencies"))
    assert len(set(territories()) & paid) > 245
