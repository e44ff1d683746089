"""The table: every mistake of the matrix, in the order of a first session with the suite."""

from __future__ import annotations

from tests.cli.bad_inputs import data, imports, models, options, studies, training
from tests.cli.bad_inputs.case import Case

CASES: tuple[Case, ...] = (
    *models.CASES, *data.CASES, *options.CASES, *studies.CASES, *imports.CASES, *training.CASES,
)  # fmt: skip
