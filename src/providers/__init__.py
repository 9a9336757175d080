"""Inbound providers' APIs, asked for what a thin webhook only names."""
