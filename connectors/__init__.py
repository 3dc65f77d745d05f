"""Rows in and out of other systems, in those systems' own words."""
