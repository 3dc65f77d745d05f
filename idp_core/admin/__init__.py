"""The API of administration: by access tokens with scopes, for services and people with roles."""
