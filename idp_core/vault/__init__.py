"""What keeps secrets: the master secret, sealed values, random tokens and their digests."""
