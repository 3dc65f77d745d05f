"""Passwords: hashed by Argon2id, taken over from other systems, held to a policy."""
