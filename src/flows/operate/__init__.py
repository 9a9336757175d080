"""What operators do: one module for each group of actions of `domain.operate`, `dispatch.py` for the whole list."""
