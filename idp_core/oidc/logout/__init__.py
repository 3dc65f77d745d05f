"""RP-initiated and back-channel logout."""
