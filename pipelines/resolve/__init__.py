"""Resolution in bulk: which source profiles are one person, who that is, and why."""
