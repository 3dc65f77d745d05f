"""What clients learn of a person: the standard's claims, and those of an installation's own."""
