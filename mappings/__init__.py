"""Words only: the canonical customer schema and the language that turns rows into it. No I/O."""
