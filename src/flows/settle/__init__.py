"""Closings are settled: each commission computed once, posted in one transaction, and corrected by adjustments only."""
