"""Providers' APIs, asked for what a thin webhook only names. Their webhooks: `sources`."""
