"""Telling people: Slack, and e-mail through SNS."""
