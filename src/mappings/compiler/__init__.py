"""From a mapping's YAML to what runs, or every mistake in it: for people and tools; no event is processed with it."""
