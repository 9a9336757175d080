"""The provider edge, pure: signature schemes, event identity and type, what to fetch."""
