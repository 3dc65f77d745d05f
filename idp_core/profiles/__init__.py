"""Source profiles, the links between them, and the golden profile with its lineage."""
