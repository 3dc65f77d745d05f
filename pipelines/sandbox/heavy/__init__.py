"""Third-party systems in languages of their own, for `make demo-full` and for tests."""
