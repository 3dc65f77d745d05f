"""Factors: one folder each, with its tables, its pages and its rules."""
