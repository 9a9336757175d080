"""Plan and deal files: read from YAML, checked whole, and the JSON Schemas that editors complete them by."""
