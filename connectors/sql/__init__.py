"""SQL databases as sources: any that SQLAlchemy speaks to."""

from connectors.sql.connector import Sql

__all__ = ["Sql"]
