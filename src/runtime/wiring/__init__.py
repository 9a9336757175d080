"""The composition root, one module per function: the one place that picks real adapters, clocks and ids.

Each factory runs once for each cold start, when it is first needed, and imports what it needs then. Handlers call
`wiring.x()`, so that a test swaps one with a single `monkeypatch.setattr`.
"""
