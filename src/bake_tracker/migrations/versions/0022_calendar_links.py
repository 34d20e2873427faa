"""What a token opens: the API, or the calendar."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE api_token ADD COLUMN opens VARCHAR(20) DEFAULT 'api' NOT NULL"
        " CONSTRAINT ck_api_token_opens CHECK (opens IN ('api', 'calendar', 'calendar_with_names'))"
    )
