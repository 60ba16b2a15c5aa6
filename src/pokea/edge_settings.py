"""The settings of the edge: what one request and one connection may take (docs/behind-a-proxy.md). They are a part of
`Settings`."""

from pydantic import BaseModel, Field


class EdgeSettings(BaseModel):
    """Bounds of requests, connections and streams; a part of `Settings`."""

    pokea_head_bytes: int = Field(
        64 * 1024,
        ge=4096,
        le=1024 * 1024,
        description="Bytes of a request's address and headers together (docs/behind-a-proxy.md).",
    )
    pokea_head_fields: int = Field(100, ge=10, le=1000, description="Headers that a request may have.")
    pokea_head_seconds: float = Field(
        10, gt=0, le=600, description="Seconds in which a request's headers must arrive from their first byte on."
    )
    pokea_idle_seconds: float = Field(
        30, gt=0, le=600, description="Seconds for which a connection without a request is kept."
    )
    pokea_unread_seconds: float = Field(
        30, gt=0, le=600, description="Seconds after which a client that does not read its answer is cut off."
    )
    pokea_streams_per_secret: int = Field(
        50, ge=1, description="Streams of payment events that one client secret may have open at a process."
    )
    pokea_streams_per_subject: int = Field(
        200, ge=1, description="Streams of payment events that one customer may have open at a process."
    )
