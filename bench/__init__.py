"""Measures, as ratios to a floor in the same run and as counts; nothing here asserts a time. Run `make bench`."""
