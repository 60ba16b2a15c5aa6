"""Every code of money out is as final as the law has it, and says what to do."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.daraja.codes.core_codes import CORE_CODES
from pokea.daraja.codes.out_codes import INITIATOR_CODES, OUT_CODES, out_finality, out_meaning
from pokea.daraja.codes.types import MoneyApi, OutFinality

DOCS = Path(__file__).parent.parent.parent / "docs"
LAW = (DOCS / "law" / "money-out.md").read_text(encoding="utf-8")
CODE = r"(?:R0+\d|TP\d+|SFC_IC\d+|\d+)"
PROOF = LAW.partition("## Proof of money out")[2].partition("\n## ")[0]
FINAL, NEVER = PROOF.partition("Known-final:")[2].split("**Never final**")
KNOWN_FINAL = re.findall(rf"(?<![\w.]){CODE}(?!\w)", FINAL)
NEVER_FINAL = re.findall(rf"(?<![\w.]){CODE}(?!\w)", NEVER.partition("ResultType")[0])


def of(api: MoneyApi) -> set[str]:
    """The codes that this API is known to bring."""
    return {code for code, entry in OUT_CODES.items() if api in entry.apis}


def test_known_final_codes_are_those_of_the_law() -> None:
    """The page's own list and the table are one (law: proof of money out)."""
    assert len(KNOWN_FINAL) == 21
    assert {code for code, entry in OUT_CODES.items() if entry.finality is OutFinality.FAILED} == set(KNOWN_FINAL)


def test_never_final_codes_are_those_of_the_law() -> None:
    """Each code that the law calls never final is, and so is the answer of a status question that finds nothing."""
    assert NEVER_FINAL == ["15", "17", "26", "9999", "100000000", "R000001"]
    assert all(out_finality(code) is OutFinality.NEVER for code in (*NEVER_FINAL, "2032", "100000099", "100000003"))


@pytest.mark.parametrize(
    "code", [None, "", "00", "00000000", "1032", "1037", "17.0", "-1", "19", "10000000", "r000002"]
)
def test_every_other_code_is_unknown(code: str | None) -> None:
    """A code that is not of money out proves nothing, also where it ends a payment."""
    assert out_finality(code) is OutFinality.UNKNOWN


@given(st.text(max_size=12))
def test_any_text_has_a_finality(code: str) -> None:
    """Success and failure are for the known codes alone."""
    if code not in OUT_CODES:
        assert out_finality(code) in (OutFinality.UNKNOWN, OutFinality.NEVER)


def test_codes_of_each_api_are_those_of_the_reference() -> None:
    """The tables of B2C and reversal in the reference are whole, with what the additions know (daraja: B2C result
    codes; daraja: reversal)."""
    reference = (DOCS / "daraja.md").read_text(encoding="utf-8")
    table = reference.partition("### B2C result codes")[2].partition("Synchronous errors")[0]
    listed = set(re.findall(rf"^\| ({CODE}) \|", table, re.MULTILINE))
    assert listed
    assert listed | {"TP40153", "15", "18", "20"} <= of(MoneyApi.B2C)
    assert {"0", "R000001", "R000002", "1", "11", "2006", "21", "2001", "8006", "2028"} <= of(MoneyApi.REVERSAL)
    assert {"0", "SFC_IC0003", "2032", "25", "2001"} <= of(MoneyApi.STATUS)
    assert {"0", "18", "8006", "21"} <= of(MoneyApi.BALANCE)


def test_the_brake_counts_the_initiators_refusals() -> None:
    """These and no others are about our API operator (law: money out in detail, 13)."""
    assert sorted(INITIATOR_CODES) == ["18", "20", "2001", "21", "8006", "TP40153"]


def test_codes_of_the_core_are_codes_of_money_out() -> None:
    """All that M-PESA's core can say can come in a Result; only one of them says nothing known about money."""
    assert set(CORE_CODES) - set(OUT_CODES) == {"19"}


@pytest.mark.parametrize("code", OUT_CODES)
def test_every_code_says_what_to_do(code: str) -> None:
    """Wording, whose it is, what to do, the recipient's words in both languages, and where the fact stands."""
    entry = out_meaning(code)
    assert entry is not None
    assert entry.title.endswith(".")
    assert entry.operator.endswith(".")
    assert entry.customer_en.endswith(".")
    assert entry.customer_sw.endswith(".")
    assert entry.source.startswith("daraja: ")
    assert (entry.fault is None) == (entry.finality is OutFinality.SUCCESS)
    assert not (entry.retryable and entry.finality is not OutFinality.FAILED)
    assert ("send nothing again" in entry.operator) == (entry.finality is OutFinality.NEVER)
