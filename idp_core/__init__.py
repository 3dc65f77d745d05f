"""All that is durable: profiles, consent, sign-in, events, the ledger and their database."""
