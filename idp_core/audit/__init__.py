"""What happened, who did it, unchanged since: an append-only log chained by keyed hashes."""
