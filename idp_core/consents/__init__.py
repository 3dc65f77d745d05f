"""Consents: what people agreed that applications may know and do."""
