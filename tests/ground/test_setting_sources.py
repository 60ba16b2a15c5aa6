"""Settings are read from the environment and a file `.env`, and whatever is wrong with the file is one sentence."""

from pathlib import Path

import pytest

from pokea.errors import SettingsError
from pokea.setting_rules import Complaint, Severity
from pokea.setting_sources import Sources, meant_by, read_sources
from pokea.settings import examine_settings, load_settings
from tests.broken_settings import PRODUCTION, SIMULATOR

KNOWN = ("MPESA_SHORTCODE", "MPESA_PASSKEY", "POKEA_ALERTS")


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """Where the file stands."""
    return tmp_path / ".env"


def read(file: Path, content: bytes | str, **environment: str) -> Sources:
    """The sources when the file holds this."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_sources(environment, file, KNOWN)


def test_the_environment_wins_over_the_file(env_file: Path) -> None:
    """Except where it is empty: then it says nothing."""
    content = "MPESA_SHORTCODE=1\nMPESA_PASSKEY=2\n"
    found = read(env_file, content, MPESA_SHORTCODE="3", mpesa_passkey=" ")
    assert found == Sources({"mpesa_shortcode": "3", "mpesa_passkey": "2"}, (), True)


@pytest.mark.parametrize(
    ("content", "passkey"),
    [
        ("export MPESA_PASSKEY='a b'\n", "a b"),
        ('MPESA_PASSKEY="two" # a word\n', "two"),
        ("mpesa_passkey = two\r\n", "two"),
        ("\ufeffMPESA_PASSKEY=two", "two"),
        ("OTHER=tw\nMPESA_PASSKEY=${OTHER}o\n", "two"),
        ("MPESA_PASSKEY=${NOT_SET_ANYWHERE:-}\n", None),
        ("MPESA_PASSKEY\n", None),
        ("MPESA_PASSKEY=\n", None),
        ("", None),
    ],
)
def test_the_usual_ways_to_write_the_file_are_read(env_file: Path, content: str, passkey: str | None) -> None:
    """Quotes, comments, `export`, and the mark that Windows puts before the first name are no part of a setting."""
    found = read(env_file, content)
    assert (found.values.get("mpesa_passkey"), found.complaints) == (passkey, ())


def test_a_setting_that_stands_twice_with_two_values_is_said_with_its_lines(env_file: Path) -> None:
    """The later one counts, and a warning names both lines; the same value twice is no matter."""
    found = read(env_file, "MPESA_SHORTCODE=1\nMPESA_PASSKEY=2\n\n# mine\nexport mpesa_shortcode=3\nMPESA_PASSKEY=2\n")
    assert found.values == {"mpesa_shortcode": "3", "mpesa_passkey": "2"}
    says = f"MPESA_SHORTCODE stands twice in {env_file}, on lines 1 and 5: the later one counts. Remove the other."
    assert found.complaints == (Complaint("MPESA_SHORTCODE", Severity.WARNS, says),)


def test_no_file_is_no_complaint(tmp_path: Path) -> None:
    """The environment alone is enough."""
    assert read_sources({}, tmp_path / ".env", KNOWN) == Sources({}, (), True)
    assert read_sources({}, None, KNOWN) == Sources({}, (), True)


@pytest.mark.parametrize(
    "content", ["MPESA_SHORTCODE=é".encode("latin-1"), "MPESA_SHORTCODE=1".encode("utf-16"), b"\xff\xfe\x00", b"A=\0"]
)
def test_a_file_in_another_encoding_is_one_sentence(env_file: Path, content: bytes) -> None:
    """It stops every command, since what stands in it is not known."""
    found = read(env_file, content)
    (complaint,) = found.complaints
    assert (complaint.severity, found.is_whole) == (Severity.STOPS, False)
    assert complaint.sentence.startswith(f"{env_file} is not written in UTF-8: ")


def test_a_folder_a_lost_link_and_a_huge_file_are_one_sentence_each(env_file: Path) -> None:
    """None of them is passed over in silence."""
    env_file.mkdir()
    assert [each.sentence for each in read_sources({}, env_file, KNOWN).complaints] == [
        f"{env_file} is a folder and not a file: make it a readable text file in UTF-8, or remove it."
    ]
    env_file.rmdir()
    env_file.symlink_to("nowhere")
    assert "link to a file that does not exist" in read_sources({}, env_file, KNOWN).complaints[0].sentence
    env_file.unlink()
    assert "too long" in read(env_file, b"#" * 1_000_001).complaints[0].sentence


def test_a_file_that_cannot_be_read_is_one_sentence(env_file: Path) -> None:
    """With the reason of the operating system, here of a link that leads to itself."""
    env_file.symlink_to(env_file)
    (complaint,) = read_sources({}, env_file, KNOWN).complaints
    assert "cannot be read (Too many levels of symbolic links)" in complaint.sentence


def test_what_may_stand_in_an_unreadable_file_is_not_called_missing(env_file: Path) -> None:
    """The file is named, and nothing else; what the environment has is read all the same."""
    env_file.mkdir()
    for environment in ({}, SIMULATOR, PRODUCTION):
        examined = examine_settings(environment, env_file)
        assert {each.setting for each in examined.complaints} == {str(env_file)}
    with pytest.raises(SettingsError, match="is a folder"):
        load_settings(needs=["pokea_database_url"], _env_file=env_file)


def test_a_broken_line_is_named_by_its_number_and_the_others_count(env_file: Path) -> None:
    """A quote that is not closed takes its own line with it."""
    found = read(env_file, 'MPESA_SHORTCODE=1\nMPESA_PASSKEY="hunter2\n')
    (complaint,) = found.complaints
    assert (complaint.severity, found.values["mpesa_shortcode"]) == (Severity.WARNS, "1")
    assert f"{env_file} line 2 " in complaint.sentence
    assert "hunter2" not in complaint.sentence


def test_a_misspelt_name_in_the_file_is_found_as_one_in_the_environment_is(env_file: Path) -> None:
    """Once, though it stand in both."""
    found = read(env_file, "MPESA_SHORT_CODE=1\n", MPESA_SHORT_CODE="2")
    assert [each.setting for each in found.complaints] == ["MPESA_SHORT_CODE"]


@pytest.mark.parametrize(
    ("text", "meant"), [("prod", "production"), ("sandbx", "sandbox"), ("simulater", "simulator"), ("blue", None)]
)
def test_a_guess_is_made_only_where_one_is_near(text: str, meant: str | None) -> None:
    """A beginning or a slip of the keys is enough; a word of its own is not."""
    assert meant_by(text, ["sandbox", "production", "simulator"]) == meant
