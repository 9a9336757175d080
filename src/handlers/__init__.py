"""Lambda entry points, one file per function: decorators, dispatch, error policy per record."""
