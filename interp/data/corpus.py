"""Parallel text: units that exist in every chosen language, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from interp.data.canonical import canonical_hash, seeded_number
from interp.data.languages import check
from interp.errors import InterpError


@dataclass(frozen=True)
class Unit:
    """A piece of text in several languages: an article, a talk, a sentence.

    Attributes:
        unit_id: unique name.
        texts: language code to text.
    """

    unit_id: str
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Corpus:
    """Units shared by all of ``languages``.

    Attributes:
        units: in the order of the source.
        languages: in the order asked for.
        source: where the text came from.
        data_hash: sha256 of units and languages, in order (order decides the blocks).
        notes: what was dropped on the way, as counts.
    """

    units: tuple[Unit, ...]
    languages: tuple[str, ...]
    source: str
    data_hash: str
    notes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        units: Iterable[Unit],
        languages: Sequence[str],
        source: str,
        *,
        notes: Mapping[str, int] | None = None,
    ) -> Corpus:
        """Keep the units that have text in every chosen language.

        Args:
            units: the units, possibly with more languages than are chosen.
            languages: the chosen languages.
            source: named in errors and stored.
            notes: counts the source already made.

        Returns:
            The corpus; units lacking a language are counted in ``notes``
            (``dropped_incomplete`` and ``missing_<lang>``).

        Raises:
            InterpError: no unit at all, a language is in none, an id is used twice, or no unit
                is shared by all languages.
        """
        given = tuple(units)
        if not given:
            raise InterpError(f"corpus {source} is empty: expected at least one unit of text")
        present = {code for unit in given for code, text in unit.texts.items() if text.strip()}
        chosen = check(languages, present, f"corpus {source}")
        name, times = Counter(unit.unit_id for unit in given).most_common(1)[0]
        if times > 1:
            raise InterpError(f"corpus {source}: unit id {name!r} is used {times} times")
        counts: Counter[str] = Counter(notes or {})
        kept: list[Unit] = []
        for unit in given:
            missing = [code for code in chosen if not unit.texts.get(code, "").strip()]
            counts.update(f"missing_{code}" for code in missing)
            counts["dropped_incomplete"] += bool(missing)
            if not missing:
                kept.append(Unit(unit.unit_id, {code: unit.texts[code] for code in chosen}))
        if not kept:
            fewest = max(chosen, key=lambda code: counts[f"missing_{code}"])
            raise InterpError(
                f"corpus {source}: none of {len(given)} units is there in all of "
                f"{', '.join(chosen)} ({fewest} lacks {counts[f'missing_{fewest}']} of them)"
            )
        return cls(tuple(kept), chosen, source, _hash(kept, chosen), dict(+counts))

    @classmethod
    def load(
        cls,
        text: str,
        *,
        languages: Sequence[str] | None = None,
        limit: int | None = None,
        seed: int = 0,
    ) -> Corpus:
        """Read a corpus from a named source.

        Args:
            text: ``cldr`` (embedded), a folder of ``<lang>.jsonl``, ``ted:FILE``,
                ``flores:FOLDER`` or ``hub:ID[:CONFIG]``.
            languages: chosen languages; None takes all that the source has.
            limit: keep at most this many units, drawn by ``seed``, in the source's order.
            seed: of the sample taken by ``limit``.

        Returns:
            The corpus.

        Raises:
            InterpError: unknown source, or what the source's reader raises.
        """
        from interp.data import sources

        corpus = sources.load_corpus(text, languages=languages)
        return corpus if limit is None else corpus.sample(limit, seed)

    def sample(self, limit: int, seed: int = 0) -> Corpus:
        """Keep at most ``limit`` units, chosen by the hash of their id.

        Raises:
            InterpError: ``limit`` is below 1.
        """
        if limit < 1:
            raise InterpError(f"limit {limit} units of corpus {self.source}: expected at least 1")
        drawn = sorted(self.units, key=lambda u: seeded_number(seed, "unit", u.unit_id))
        chosen = {unit.unit_id for unit in drawn[:limit]}
        units = [unit for unit in self.units if unit.unit_id in chosen]
        return Corpus.build(units, self.languages, self.source, notes=self.notes)

    def __len__(self) -> int:
        return len(self.units)

    def __iter__(self) -> Iterator[Unit]:
        return iter(self.units)


def _hash(units: Sequence[Unit], languages: Sequence[str]) -> str:
    content = [[unit.unit_id, *(unit.texts[code] for code in languages)] for unit in units]
    return canonical_hash({"languages": list(languages), "units": content})
