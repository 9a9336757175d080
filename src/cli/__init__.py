"""The `dealwire` operator command: the same flows as the handlers, driven by a person."""
