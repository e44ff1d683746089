"""Studies are kept for months: check, rename, remove, restore, merge, migrate; never losing a run silently.

Every change holds the study's writer lock and may be killed at any moment: the same command then
completes it. Readers take no lock and see every run exactly once.
"""

from interp.study.manage.candidates import Selection, candidates
from interp.study.manage.check import check_study
from interp.study.manage.merge import merge_studies
from interp.study.manage.migrate import Migrated, migrate
from interp.study.manage.remove import Removed, in_trash, only_in_trash, remove_runs, restore_run
from interp.study.manage.rename import Renamed, rename_label, rename_study

__all__ = [
    "Migrated",
    "Removed",
    "Renamed",
    "Selection",
    "candidates",
    "check_study",
    "in_trash",
    "merge_studies",
    "migrate",
    "only_in_trash",
    "remove_runs",
    "rename_label",
    "rename_study",
    "restore_run",
]
