"""The engines: one protocol, three implementations."""
