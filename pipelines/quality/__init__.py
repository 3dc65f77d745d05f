"""The quality gate: Great Expectations suites, compiled to one pass in DuckDB.

`suite` reads and merges what people write, `generate` writes what a mapping already implies,
`gate.check` parts good rows from bad ones, `results` and `docs` show what was found.
"""
