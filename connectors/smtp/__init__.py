"""Mail as a target: a message for who comes; what bounced comes back as rows."""

from connectors.smtp.connector import Smtp

__all__ = ["Smtp"]
