"""The evidence as tables: one folder an investigation, immutable DuckDB files in it, a manifest that says which count.

The only importer of the SQL engine. `schema/` holds the tables (its comments are the documentation that users see),
`views/` what is computed on reading, `writer` and `derivation` produce files, `tables` and `query` read them.
"""
