"""How often something may be tried: counted in the database, so by all processes together."""
