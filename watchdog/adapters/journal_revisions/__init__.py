"""The journal's schema, revision by revision, as alembic runs them. Revision 0002 leads to schema version 2 in `meta`.

A revision may read only what is in the file: nouns and codecs go on to change, it has to stay as it is.
"""
