"""When a connection is read."""

from uvicorn.protocols.http.flow_control import FlowControl


class HeldFlow(FlowControl):
    """Flow control that keeps the connection unread for as long as `held` is set, whatever the application awaits."""

    held = False

    def resume_reading(self) -> None:
        """Read on, unless held."""
        if not self.held:
            super().resume_reading()

    def hold(self) -> None:
        """Read no more until `let_go`."""
        self.held = True
        self.pause_reading()

    def let_go(self) -> None:
        """Read on."""
        self.held = False
        super().resume_reading()
