"""Writes what is made from the code, pages of docs/ and modules of the client: `make docs`; a test finds drift."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from pokea.edge_settings import EdgeSettings
from pokea.errors import CATALOGUE, Problem
from pokea.events.types import EVENT_TYPES
from pokea.out_rules import SANDBOX_INITIATOR_PASSWORD
from pokea.out_settings import OutSettings
from pokea.setting_rules import SANDBOX_PASSKEY, SANDBOX_SHORTCODE, Complaint, Severity
from pokea.settings import Settings, complaints
from tools.client_code import CODE
from tools.code_map import code_map, error_tree
from tools.codes_page import codes_page
from tools.decisions_page import decisions_page
from tools.doctor_page import doctor_page
from tools.events_page import events_page, schema_name, schema_page
from tools.markdown import page, table
from tools.metrics_page import metrics_page
from tools.states_page import states_page


def _own(prefix: str) -> list[str]:
    """The settings with this beginning that no other group has."""
    others = {**OutSettings.model_fields, **EdgeSettings.model_fields}
    return [name for name in Settings.model_fields if name.startswith(prefix) and name not in others]


_EXAMPLE: Final = "an example of a secret, of enough characters"
HOUSE: Final = Path(__file__).parent.parent
DOCS: Final = HOUSE / "docs"
_GROUPS: Final = (
    (
        "Daraja",
        "The guide's names, as they stand on the Daraja portal and in Safaricom's mail at go-live.",
        _own("mpesa_"),
    ),
    (
        "Pokea",
        "The service's own. Lists are separated by commas, spaces or line breaks; a comma inside of an alert's address "
        "is a part of it.",
        _own("pokea_"),
    ),
    (
        "Money out",
        "Refunds and payouts ([law](law/money-out.md)). Amounts are whole shillings.",
        [*OutSettings.model_fields],
    ),
    ("The edge", "What one request and one connection may take.", [*EdgeSettings.model_fields]),
)


def settings_page() -> str:
    """The reference of every setting: its name, its default, its default with the simulator, and what it is for."""
    simulator = Settings(mpesa_environment="simulator")
    parts = [
        "# Settings",
        "Read from the environment and from a file `.env` (UTF-8) in the folder of the start; the environment wins. "
        "A wrong or missing setting stops the start with one line that names it and says what to do; what is only odd, "
        "such as a misspelt name, is a warning. `pokea doctor` prints all of it at once.",
        "An empty text counts as not set, and white space at both ends is no part of a setting.",
        "`MPESA_ENVIRONMENT=simulator` needs no account with Safaricom: it fills in what the column *Simulator* shows.",
    ]
    for title, sentence, names in _GROUPS:
        fields = {name: Settings.model_fields[name] for name in names}
        rows = [
            (f"`{name.upper()}`", _default(field), _in_simulator(name, field, simulator), _said(field))
            for name, field in fields.items()
        ]
        parts += [f"## {title}", sentence, table(("Setting", "Default", "Simulator", "What it is"), rows)]
    refusals = "\n".join(f"- {line}" for line in dict.fromkeys(_production_refusals()))
    parts += [
        "## What production refuses",
        "With `MPESA_ENVIRONMENT=production` each of these stops the start:",
        refusals,
    ]
    return page(parts)


def errors_page() -> str:
    """The catalogue of every problem that a caller can meet, by HTTP status."""
    parts = [
        "# Errors",
        "Every error is answered with the same body. `code` is one of those below and does not change; `message` is "
        "for people; `errors` names fields where there are any; `requestId` finds the call in the log.",
        '```json\n{"success": false, "message": "...", "code": "amount_mismatch", "errors": '
        '[{"field": "amount", "message": "..."}], "requestId": "..."}\n```',
    ]
    for status in sorted({problem.status for problem in CATALOGUE.values()}):
        problems = [problem for problem in CATALOGUE.values() if problem.status == status]
        parts += [f"## {status}", table(("Code", "Whose", "When", "What to do"), map(_problem_row, problems))]
    return page(parts)


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "codes.md": codes_page,
    "states.md": states_page,
    "metrics.md": metrics_page,
    "events.md": events_page,
    **{schema_name(each): partial(schema_page, each) for each in EVENT_TYPES},
    "decisions.md": decisions_page,
    "doctor.md": doctor_page,
}
"""The generated pages, by their name in docs/."""


class Part(NamedTuple):
    """A generated part of a file that is otherwise written by hand: what stands between two texts, each there once."""

    file: str
    after: str
    before: str
    written: Callable[[], str]


PARTS: Final = (
    Part("README.md", "<!-- Written by `make docs` from the import contracts. -->\n```\n", "\n```\n", code_map),
    Part("src/pokea/errors.py", "what to do next.\n\n", "\n\nThe catalogue below", error_tree),
)
"""The generated parts of other files."""


def with_part(text: str, part: Part) -> str:
    """The file's text with its generated part as the code has it now. Raises ValueError when it has no place for it."""
    head, after, rest = text.partition(part.after)
    _, before, tail = rest.partition(part.before)
    if not after or not before:
        raise ValueError(f"{part.file} has no place for what is generated")
    return head + after + part.written() + before + tail


def main() -> None:
    """Write every page, every part and every generated module."""
    for name, written in PAGES.items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(written(), encoding="utf-8")
    for part in PARTS:
        file = HOUSE / part.file
        file.write_text(with_part(file.read_text(encoding="utf-8"), part), encoding="utf-8")
    for name, written in CODE.items():
        (HOUSE / name).write_text(written(), encoding="utf-8")


def _problem_row(problem: Problem) -> tuple[str, ...]:
    return f"`{problem.code}`", problem.fault.value, problem.when, problem.fix


def _said(field: FieldInfo) -> str:
    return " ".join([field.description or "", *_limits(field)])


def _limits(field: FieldInfo) -> Iterator[str]:
    if get_origin(field.annotation) is Literal:
        yield "One of " + ", ".join(f"`{choice}`" for choice in get_args(field.annotation)) + "."
    for limit in field.metadata:
        if isinstance(limit, Ge) and limit.ge != 0:
            yield f"At least {limit.ge}."
        elif isinstance(limit, Gt):
            yield f"More than {limit.gt}."
        elif isinstance(limit, Le):
            yield f"At most {limit.le}."


def _default(field: FieldInfo) -> str:
    return _shown(field.default)


def _in_simulator(name: str, field: FieldInfo, simulator: Settings) -> str:
    value = getattr(simulator, name)
    return "" if value == field.default else _shown(value)


def _shown(value: Any) -> str:
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    return "" if plain in ("", None, ()) else f"`{plain}`"


def _production_refusals() -> Iterator[str]:
    """What stops a start in production alone, for settings that were copied from a sandbox or are careless."""
    careless = {
        "mpesa_passkey": SecretStr(SANDBOX_PASSKEY),
        "mpesa_shortcode": SANDBOX_SHORTCODE,
        "mpesa_callback_url": "http://10.0.0.7/callback",
        "mpesa_base_url": "http://sandbox.safaricom.co.ke",
        "mpesa_consumer_key": "key",
        "mpesa_consumer_secret": "secret",
        "pokea_secret_key": SecretStr("a" * 32),
        "pokea_previous_secret_key": SecretStr("a" * 32),
        "pokea_jwt_secret": SecretStr(_EXAMPLE),
        "pokea_jwks_url": "http://issuer.example/keys",
        "pokea_jwt_issuer": "https://issuer.example",
        "pokea_jwt_audience": "pokea",
        "pokea_trusted_proxies": "0.0.0.0/0",
        "pokea_allowed_origins": "* http://shop.example",
        "mpesa_initiator_password": SecretStr(SANDBOX_INITIATOR_PASSWORD),
        "pokea_money_out": "on",
        "pokea_out_second_person_from": 100,
        "pokea_out_delay_seconds": 0,
        "pokea_payee_wait_hours": 0,
    }
    same = {"pokea_secret_key": SecretStr(_EXAMPLE), "pokea_jwt_secret": SecretStr(_EXAMPLE)}
    for copied in (careless, careless | same):
        elsewhere = {each.sentence for each in _stopping(copied | {"mpesa_environment": "sandbox"})}
        for each in _stopping(copied | {"mpesa_environment": "production"}):
            if each.sentence not in elsewhere:
                yield each.sentence.replace(each.setting, f"`{each.setting}`", 1)


def _stopping(values: Mapping[str, Any]) -> list[Complaint]:
    return [each for each in complaints(Settings(**values)) if each.severity is Severity.STOPS]


if __name__ == "__main__":
    main()
