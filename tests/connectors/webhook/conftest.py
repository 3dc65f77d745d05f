from tests.connectors.http.conftest import serve

__all__ = ["serve"]
