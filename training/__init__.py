"""Training: how checkpoints are made. Meets `interp` only at folders, `FactSet` and `Corpus`."""
