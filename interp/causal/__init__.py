"""The causal check: ablate one language's heads or neurons, and see which language suffers."""
