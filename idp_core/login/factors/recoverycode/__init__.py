"""Recovery codes: on paper, each once, for who lost their second factor."""
