"""Notebooks of figures, and what executes them: ``python -m analysis_notebooks``."""
