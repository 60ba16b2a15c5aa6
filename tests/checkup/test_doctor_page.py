"""Twelve settings that people have had wrong, and what `pokea doctor` says of each."""

from pokea.checkup.findings import Level
from tests.conftest import Say
from tools.doctor_page import MISCONFIGURED, doctor_rows, said_of


def test_the_doctor_names_each_wrong_setting_and_nothing_else(say: Say) -> None:
    """Of sound settings nothing is said; of each wrong one a single line with its name. The table is printed."""
    assert said_of({}) == []
    for each in MISCONFIGURED:
        (found,) = said_of({each.setting: each.value})
        assert each.setting in found.says
        assert found.level is (Level.WARN if each.setting == "POKEA_BOOKINGFEE" else Level.FAIL)
    rows = doctor_rows()
    assert len(rows) == len(MISCONFIGURED) == 12
    for setting, finding, _ in rows:
        say(f"{setting.strip('`')}: {finding}")
