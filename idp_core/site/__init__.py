"""The site: an installation's login as one object that every handler is given."""
