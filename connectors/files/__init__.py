"""Files as sources: CSV, JSON lines, Parquet and fixed width."""

from connectors.files.connector import ColumnSpec, Files

__all__ = ["ColumnSpec", "Files"]
