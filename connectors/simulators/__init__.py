"""Systems that cannot be started here, as what their manuals say of the wire."""
