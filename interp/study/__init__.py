"""A study on disk: runs, tables, tensors, provenance; atomic, locked, resumable, without torch."""

from interp.study.records import RunRecord
from interp.study.runs import Run
from interp.study.schema import SCHEMA_VERSION, TABLES
from interp.study.spec import RunSpec
from interp.study.store import Study, load_study
from interp.study.summary import study_summary
from interp.study.tables import TableError

__all__ = [
    "SCHEMA_VERSION",
    "TABLES",
    "Run",
    "RunRecord",
    "RunSpec",
    "Study",
    "TableError",
    "load_study",
    "study_summary",
]
