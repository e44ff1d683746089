"""A study as one HTML file: figures, tables, verdicts, methods, provenance; read and printed offline."""

from interp.report.page import render
from interp.report.write import write_report

__all__ = ["render", "write_report"]
