"""Mappings as data: YAML with provenance, its closed vocabulary, its compiler and loader."""
