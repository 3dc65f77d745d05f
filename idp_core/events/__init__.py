"""The transactional outbox: what happened is told if, and only if, its transaction committed."""
