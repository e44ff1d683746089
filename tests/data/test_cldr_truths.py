"""Wrong answers are wrong: truth worked out again from Babel's raw data and from hand-made lists."""

import pytest
from babel.core import get_global

from interp.data.facts import FactSet
from interp.data.languages import TRAINED

CONTINENT_CODES = {
    "Africa": "002", "Europe": "150", "Asia": "142", "Pacific": "009", "Australia": "009",
}  # fmt: skip
# What a zone's prefix cannot tell, or tells wrongly: oceans, and Istanbul's `Europe`.
BY_HAND = {
    "002": "TF IO MG CV SH MU RE YT KM SC Indian/Reunion Indian/Comoro Indian/Mahe Indian/Mauritius "
    "Indian/Mayotte Indian/Kerguelen Indian/Antananarivo Atlantic/St_Helena Atlantic/Cape_Verde",
    "142": "TR MV Indian/Maldives",
    "003": "BM Atlantic/Bermuda",
    "005": "BV FK Atlantic/Stanley",
    "009": "HM CC CX Antarctica/Macquarie",
    "150": "XK FO IS SJ Arctic/Longyearbyen Atlantic/Faroe Atlantic/Reykjavik",
}
SOUTH_AMERICA = set(
    ["AR", "BO", "BR", "CL", "CO", "EC", "FK", "GF", "GY", "PE", "PY", "SR", "UY", "VE", "BV"]
)
# On two continents, or counted to either by serious sources: the other one must not be offered.
ALSO = {
    "RU": "142", "TR": "150", "KZ": "150", "AZ": "150", "GE": "150", "AM": "150", "CY": "150",
    "EG": "142", "ID": "009", "TL": "009", "PA": "005", "ES": "002", "PT": "002", "FR": "002",
    "US": "009", "CL": "009", "EC": "009", "TT": "005", "AW": "005", "CW": "005", "GL": "150",
    "CO": "003", "VE": "003", "GR": "142", "YE": "002", "CX": "142", "CC": "142", "NL": "003",
}  # fmt: skip

STATES = {
    "CN": "HK MO TW", "DK": "FO GL", "FI": "AX", "FR": "GF GP MQ NC PF PM RE WF YT", "NO": "SJ",
    "GB": "AI BM FK GI IM IO JE KY MS PN SH TC VG", "NL": "AW BQ CW SX", "NZ": "CK NU TK",
    "US": "AS GU MP PR UM VI", "IL": "PS", "RS": "XK", "MA": "EH",
}  # fmt: skip


@pytest.fixture(scope="module")
def facts():
    return FactSet.load("cldr")


def parts(facts, relation):
    """Subject code, right answer's code, wrong answers' codes."""
    for fact in facts:
        if fact.relation == relation:
            right = fact.option_ids[fact.texts["en"].answer_index]
            wrong = [option for option in fact.option_ids if option != right]
            yield fact.fact_id.split(":", 2)[2], right, wrong


def test_money_that_circulates_is_never_wrong(facts):
    for territory, right, wrong in parts(facts, "currency"):
        tender = set()
        for code, start, end, is_tender in get_global("territory_currencies")[territory]:
            begun = start is None or start <= (2025, 12, 31)
            if is_tender and begun and (end is None or end >= (2025, 12, 31)):
                tender.add(code)
        assert tender == {right} and not tender & set(wrong)
        assert len(wrong) == 3


def test_official_languages_are_never_wrong(facts):
    kinds = {"official", "de_facto_official", "official_regional"}
    for territory, right, wrong in parts(facts, "official_language"):
        official = {
            code.split("_")[0]
            for code, row in get_global("territory_languages")[territory].items()
            if row["official_status"] in kinds
        }
        assert official == {right} and right not in wrong
        # The same language under another name.
        assert not {"ms", "id"} <= {right, *wrong} and not {"nb", "no"} <= {right, *wrong}


def test_countries_of_cities(facts):
    names = get_global("zone_territories")
    for zone, right, wrong in parts(facts, "country"):
        assert names[zone] == right and right not in wrong
        assert all(len(code) == 2 and code.isupper() for code in (right, *wrong))
    by_zone = {zone: wrong for zone, _, wrong in parts(facts, "country")}
    # A territory's own state, and namesakes.
    for state, owned in STATES.items():
        zones = [zone for zone in by_zone if names[zone] in owned.split()]
        assert not [zone for zone in zones if state in by_zone[zone]]
    assert "DO" not in by_zone["America/Argentina/San_Juan"]


def test_continents(facts):
    codes = set(BY_HAND)
    zones = get_global("zone_territories")
    by_hand = {name: code for code, listed in BY_HAND.items() for name in listed.split()}
    for subject, right, wrong in parts(facts, "continent"):
        assert {right, *wrong} <= codes and right not in wrong
        territory = zones.get(subject, subject)
        prefixes = {subject.split("/")[0]}
        if "/" not in subject:
            prefixes = {zone.split("/")[0] for zone, where in zones.items() if where == subject}
        expected = {CONTINENT_CODES[p] for p in prefixes if p in CONTINENT_CODES}
        if "America" in prefixes:
            expected.add("005" if territory in SOUTH_AMERICA else "003")
        assert right == by_hand.get(subject, right)
        assert subject in by_hand or right in expected
        assert ALSO.get(territory) not in wrong


def test_wrong_answers_are_of_the_same_kind(facts):
    """Every wrong answer is itself the right answer of another fact of the relation."""
    for relation in ("currency", "official_language", "country", "continent"):
        rows = list(parts(facts, relation))
        rights = {right for _, right, _ in rows}
        assert {w for _, _, wrong in rows for w in wrong} <= rights
        # Every answer is offered wrong about three times as often as it is right.
        for answer in rights:
            right = sum(r == answer for _, r, _ in rows)
            offered = sum(answer in wrong for _, _, wrong in rows)
            assert abs(offered - 3 * right) <= 4


def length_gaps(facts, relation):
    """Difference in length to the right answer: of the wrong answers, and of blindly drawn ones."""
    texts = [fact.texts for fact in facts if fact.relation == relation]
    near = blind = 0
    for lang in TRAINED:
        rights = [text[lang].answer for text in texts]
        for text in texts:
            size = len(text[lang].answer)
            wrong = [o for o in text[lang].options if o != text[lang].answer]
            near += sum(abs(len(option) - size) for option in wrong) / 3
            others = [o for o in rights if o != text[lang].answer]
            blind += sum(abs(len(option) - size) for option in others) / len(others)
    return near, blind


# Where few answers are right often (euro, English), balance leaves length little choice.
@pytest.mark.parametrize(
    "relation, most", [("country", 0.85), ("currency", 0.97), ("official_language", 0.97)]
)
def test_wrong_answers_are_nearer_in_length_than_chance(facts, relation, most):
    near, blind = length_gaps(facts, relation)
    assert near < most * blind
