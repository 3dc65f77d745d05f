"""The web application: all slices, put together."""
