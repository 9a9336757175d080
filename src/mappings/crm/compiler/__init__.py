"""A CRM mapping's YAML to what runs, or every mistake in it: for people and tools; nothing is delivered by it."""
