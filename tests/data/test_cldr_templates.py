"""Sentences around the names: in every language, for every relation, filled once."""

import json
from importlib.resources import files

import pytest

from interp.data.facts import FactSet
from interp.data.languages import HELD_OUT, LANGUAGES, TRAINED
from interp.data.sources.cldr import load_facts, question, statements
from interp.errors import InterpError

RELATIONS = ("currency", "official_language", "country", "continent")


def table(name):
    text = files("interp.data.sources.cldr_facts").joinpath(f"{name}.json").read_text("utf-8")
    return json.loads(text)


def test_tables_cover_every_language_and_relation():
    assert tuple(table("templates_trained")) == TRAINED
    assert set(table("templates_held_out")) == set(HELD_OUT)
    for lang, found in (table("templates_trained") | table("templates_held_out")).items():
        assert set(found) == set(RELATIONS), lang
        assert len({found[relation]["question"] for relation in RELATIONS}) == 4
        for relation in RELATIONS:
            # Trained languages state a fact in more than one way.
            assert len(set(found[relation]["statements"])) >= (2 if lang in TRAINED else 1)


@pytest.mark.parametrize("lang", list(LANGUAGES))
def test_names_are_filled_in_once(lang):
    for relation in RELATIONS:
        asked = question(relation, lang, "QSQ")
        assert asked.count("QSQ") == 1 and not set("{}") & set(asked)
        for said in statements(relation, lang, "QSQ", "QOQ"):
            assert said.count("QSQ") == said.count("QOQ") == 1 and not set("{}") & set(said)


def test_names_are_data_and_not_templates():
    assert "{o} {x}" in question("currency", "de", "{o} {x}")
    said = statements("currency", "ja", "A{B}", "{C}")[0]
    assert "A{B}" in said and "{C}" in said


def test_facts_are_asked_and_stated_with_their_own_names():
    everything = load_facts(tuple(LANGUAGES))
    for fact in everything.select(limit=200):
        for lang, text in fact.texts.items():
            assert text.question == question(fact.relation, lang, text.subject)
            assert text.answer not in text.question or text.answer in text.subject
            for said in statements(fact.relation, lang, text.subject, text.answer):
                assert text.subject in said and text.answer in said


def test_english_articles():
    assert question("currency", "en", "Bahamas") == "Which currency is used in the Bahamas?"
    assert question("currency", "en", "Kenya") == "Which currency is used in Kenya?"
    said = statements("country", "en", "Chicago", "United States")
    assert said[0] == "Chicago is in the United States."
    said = statements("continent", "en", "Philippines", "Asia")
    assert said[0] == "The Philippines belongs to the continent of Asia."
    asked = {fact.fact_id: fact.texts["en"].question for fact in FactSet.load("cldr")}
    assert asked["cldr:official_language:CI"] == "What is the official language of Côte d’Ivoire?"


def test_known_sentences():
    assert question("country", "zh", "内罗毕") == "内罗毕位于哪个国家或地区？"
    assert question("country", "ja", "東京") == "東京はどの国または地域にありますか？"
    assert question("official_language", "sw", "Misri") == "Lugha rasmi ya Misri ni ipi?"
    assert question("continent", "ar", "كينيا") == "ما القارة التي فيها كينيا؟"
    assert (
        statements("currency", "de", "Finnland", "Euro")[1] == "Finnland: Die Währung heißt Euro."
    )


def test_unknown_language_and_relation():
    with pytest.raises(InterpError, match="'xx'"):
        question("currency", "xx", "A")
    with pytest.raises(InterpError, match=r"'capital'.*currency"):
        statements("capital", "en", "A", "B")
