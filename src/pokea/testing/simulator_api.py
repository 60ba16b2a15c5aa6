"""The simulator's test API: phones, prompts, faults, the clock, and the journal of what truly happened."""

from typing import Any

from pokea.testing.asking import call, eventually


class SimulatorApi:
    """The test API of the simulator at `url` (docs/simulator.md)."""

    def __init__(self, url: str) -> None:
        self.url = url

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of `/sim/api`. Raises AssertionError for a refusal."""
        answer = call(method, f"{self.url}/sim/api{path}", body)
        if answer.status >= 300:  # noqa: PLR2004 - HTTP's first status that is no success
            raise AssertionError(answer)
        return answer.body

    def subscriber(self, msisdn: str, behaviour: str = "manual", **rest: Any) -> None:
        """Make a phone."""
        self.api("POST", "/subscribers", {"msisdn": msisdn, "behaviour": behaviour} | rest)

    def fault(self, kind: str, **rest: Any) -> None:
        """Switch a fault on."""
        self.api("POST", "/faults", {"kind": kind} | rest)

    def journal(self) -> dict[str, list[dict[str, Any]]]:
        """What truly happened."""
        found: dict[str, list[dict[str, Any]]] = self.api("GET", "/journal")
        return found

    def pushes(self) -> int:
        """How many pushes reached Daraja."""
        return sum("processrequest" in each["path"] for each in self.journal()["requests"])

    def queries(self) -> int:
        """How many questions reached Daraja."""
        return sum("stkpushquery" in each["path"] for each in self.journal()["requests"])

    def charges(self, checkout_request_id: str) -> list[dict[str, Any]]:
        """What was really charged for this prompt: one charge or none."""
        return [each for each in self.journal()["charges"] if each["checkoutRequestId"] == checkout_request_id]

    def callbacks(self, checkout_request_id: str) -> list[dict[str, Any]]:
        """The callbacks that were sent about this prompt."""
        return [each for each in self.journal()["callbacks"] if each["checkoutRequestId"] == checkout_request_id]

    def prompts(self, msisdn: str) -> list[dict[str, Any]]:
        """What is on this phone at the moment."""
        found: list[dict[str, Any]] = self.api("GET", f"/prompts?msisdn={msisdn}")["prompts"]
        return found

    def prompt(self, msisdn: str) -> dict[str, Any]:
        """The prompt on this phone, once there is one."""
        found: dict[str, Any] = eventually(lambda: next(iter(self.prompts(msisdn)), None), f"a prompt on {msisdn}")
        return found

    def answer(self, msisdn: str, action: str, pin: str = "1234") -> None:
        """Answer the prompt on this phone: `pay` or `cancel`."""
        body = {"action": action} | ({"pin": pin} if action == "pay" else {})
        self.api("POST", f"/prompts/{self.prompt(msisdn)['id']}/answer", body)

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock."""
        self.api("POST", "/clock", {"advanceSeconds": seconds})
