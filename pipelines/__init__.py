"""The jobs and the command line: the one place that sees all other packages."""
