"""The token endpoint, one module per grant type."""
