"""A study as it was when it was first looked at: its runs are read once, however many plates are drawn."""

from __future__ import annotations

from functools import cached_property

from interp.study import Study
from interp.study.records import RunRecord


class Snapshot(Study):
    """A study open for reading, whose list of runs stays as it was at the first look.

    Reading one table looks every run's record up; sixty plates did so eight hundred times. Runs that are
    added later are not seen; one that was removed since is missing when its tables are read.
    """

    @classmethod
    def of(cls, study: Study) -> Snapshot:
        """Take a study as it is now; a snapshot stays the one that it is."""
        return study if isinstance(study, cls) else cls(study.path, study.name, writable=False)

    def records(self) -> list[RunRecord]:
        """Return every run's record, unfinished ones included; shared, so not to be changed."""
        return list(self._all)

    @cached_property
    def _all(self) -> tuple[RunRecord, ...]:
        return tuple(super().records())
