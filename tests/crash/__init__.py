"""The crash harness: every command that writes, killed at random moments; ``python -m tests.crash``."""
