"""Providers' webhooks, pure: who signed them and how, which event it is, what to fetch. Their APIs: `providers`."""
