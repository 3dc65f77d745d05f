"""OpenID Connect and OAuth 2.1: one folder per specification."""
