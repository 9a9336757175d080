"""Pure: payload and mapping to canonical facts, or every failing field at once."""
