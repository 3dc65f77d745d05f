"""Resolution as a batch: source profiles in, links with stable ids out."""
