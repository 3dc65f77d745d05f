"""SQL databases as sources and targets: any that SQLAlchemy speaks to."""

from connectors.sql.connector import Sql
from connectors.sql.writer import SqlTable

__all__ = ["Sql", "SqlTable"]
