"""The settings of where the rows are; `pokea.settings` has them with all others."""

from typing import Literal

from pydantic import BaseModel, Field


class StorageSettings(BaseModel):
    """The primary, how it is reached, and a standby for lists and figures."""

    pokea_database_url: str = Field(
        "sqlite:///pokea.sqlite3", description="`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`."
    )
    pokea_prepare: Literal["on", "off"] = Field(
        "on", description="`off` behind a pooler that gives each transaction another session, as PgBouncer does."
    )
    pokea_notices_url: str = Field(
        "", description="PostgreSQL without a pooler between, to hear of changes; by default POKEA_DATABASE_URL."
    )
    pokea_read_url: str = Field(
        "",
        description="A streaming standby of POKEA_DATABASE_URL, for pages of history, analytics and `pokea export` "
        "(docs/operating.md#reading-from-a-standby); by default the primary is read.",
    )
    pokea_read_age_seconds: int = Field(
        30,
        ge=1,
        le=3600,
        description="How old what the standby shows may be; where it is older, the primary is read.",
    )

    @property
    def prepares(self) -> bool:
        """Whether connections prepare their statements: not where each transaction may have another session."""
        return self.pokea_prepare == "on"
