"""Provisioning: plan, guards, journalled apply. See docs/explanation/provisioning.md."""
