"""Mappings as data: one YAML file for each source, with provenance, in a closed language.

At run time only `loader` and `model` read what was built, with the `paths` and `formats` in it. `compiler/` checks the
YAML and builds it: `python -m mappings.compiler`.
"""
