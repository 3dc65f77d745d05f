"""Grants and their one-time tokens: who may act for whom, decided by the database."""
