"""The operators' API as data: one module for each group of actions, `actions.py` for the whole list."""
