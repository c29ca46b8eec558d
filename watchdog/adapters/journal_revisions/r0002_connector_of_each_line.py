"""Each line of the timeline names its connector, so that a connector's story can be told across its incidents, and with
what persons asked for while it was well. Older lines learn it from the documents of their incidents."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_LEARN = """
UPDATE timeline
SET connect_cluster = json_extract(state.document, '$.key[0]'), connector = json_extract(state.document, '$.key[1]')
FROM state
WHERE state.key = 'incident/' || timeline.incident_id AND timeline.incident_id <> '' AND json_valid(state.document)
"""


def upgrade() -> None:
    op.add_column("timeline", sa.Column("connect_cluster", sa.Text, nullable=True))
    op.add_column("timeline", sa.Column("connector", sa.Text, nullable=True))
    op.create_index("ix_timeline_connector", "timeline", ["connector", "connect_cluster"])
    op.execute(_LEARN)
