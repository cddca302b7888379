"""How good answers are, how sure that is, and whether confidence can be believed; NumPy only."""
