"""Webhooks in: what other systems push is proven, kept, and read by the next run."""

from connectors.push.connector import Push
from connectors.push.inbox import FileInbox, FullError, Inbox, Pushed
from connectors.push.receiver import Receiver

__all__ = ["FileInbox", "FullError", "Inbox", "Push", "Pushed", "Receiver"]
