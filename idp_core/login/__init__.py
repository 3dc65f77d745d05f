"""Logging in: one dispatcher, factors beside it, registration, recovery, logout."""
