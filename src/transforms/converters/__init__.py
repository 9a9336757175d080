"""One raw value to one canonical value, or `Unfit`: a module for each kind, and the registry of their names."""
