"""Files as sources: here, on SFTP servers and in stores of objects, packed or not."""

from connectors.files.connector import Files
from connectors.files.settings import ColumnSpec

__all__ = ["ColumnSpec", "Files"]
