"""SOAP services as sources and targets: described by settings, spoken by zeep."""

from connectors.soap.connector import Soap

__all__ = ["Soap"]
