"""Exact money: a deal and the plans of its agents in, lines that add up to the cent out. Pure."""
