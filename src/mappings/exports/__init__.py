"""Exports of transaction systems, which reconcile compares with our store: one YAML file for each source."""
