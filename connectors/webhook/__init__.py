"""Webhooks out: each change as a signed CloudEvent."""

from connectors.webhook.connector import Webhook

__all__ = ["Webhook"]
