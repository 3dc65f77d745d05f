"""What we know of the accounts that targets hold, the plans for them, and the journal of writes."""
