"""PURE: whether a lost schema history may be rebuilt from the tables of now, by what the binlog holds since the stored
offset (`proof`, from `tokens`, `effects` and `rows`), and how (`plan`)."""
