"""Reconcile, step by step: what stands on both sides, and what of it does not agree."""
