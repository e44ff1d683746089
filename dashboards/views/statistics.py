"""Placeholder: written next."""

from dashboards.page import begin

begin("statistics")
