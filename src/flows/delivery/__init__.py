"""Delivery to the CRM, step by step: what a row should hold, what to do about it, and what became of it."""
