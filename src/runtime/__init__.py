"""Settings, wiring (the one composition root) and observability."""
