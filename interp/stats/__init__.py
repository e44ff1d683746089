"""Statistics that every analysis shares; pure functions of arrays."""
