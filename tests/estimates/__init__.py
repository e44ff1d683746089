"""Tests of what is estimated before a run starts."""
