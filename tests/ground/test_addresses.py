"""How addresses are read, joined and shown: strictly, in one way, and without a piece of a password."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from pokea.addresses import (
    join_address,
    listening_address,
    read_database_address,
    read_web_address,
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pay.duka.co.ke",
        "pay.duka.co.ke:443/x",
        "//pay.duka.co.ke/x",
        "https:pay.duka.co.ke",
        "https:///x",
        "https://",
        "ftp://pay.duka.co.ke",
        "HTTPS//pay",
        "https://[your-domain]/x",
        "https://[::1/x",
        "https://<your-domain>/x",
        "https://pay duka/x",
        "https://pay.duka.co.ke/x\n",
        "https://pay.duka.co.ke/\u200bx",
        "https://pay..duka/x",
        "https://-pay.duka/x",
        "https://pay.duka.co.ke:port/x",
        "https://pay.duka.co.ke:/x",
        "https://pay.duka.co.ke:0/x",
        "https://pay.duka.co.ke:65536/x",
        "https://10.0.0.256/x",
        "https://1.2.3/x",
        "https://dükä.ke/x",
    ],
)
def test_what_is_no_whole_address_is_refused_in_words(text: str) -> None:
    """Each fails with a reason that can stand in a sentence, and never with another library's exception."""
    with pytest.raises(ValueError, match=r"^its? ") as refused:
        read_web_address(text)
    assert type(refused.value) is ValueError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("https://Pay.Duka.co.ke/x", "pay.duka.co.ke", None),
        ("http://127.0.0.1:8000", "127.0.0.1", 8000),
        ("http://[::1]:8000/x", "::1", 8000),
        ("https://[2001:db8::1]/x", "2001:db8::1", None),
        ("https://user:p@ss@pay.duka.co.ke/x", "pay.duka.co.ke", None),
        ("http://service_name:80/x", "service_name", 80),
        ("https://pay.duka.co.ke./x", "pay.duka.co.ke.", None),
    ],
)
def test_host_and_port_of_a_whole_address_are_read(text: str, host: str, port: int | None) -> None:
    """Capital letters, brackets, users and names of containers are read as a client would."""
    address = read_web_address(text)
    assert (address.host, address.port) == (host, port)


@given(st.text(max_size=40).map(lambda text: f"https://{text}") | st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text ends in another library's exception: what is read names a host, and what is not says so."""
    try:
        host = read_web_address(text).host
    except ValueError as refused:
        told = str(refused)
        assert told.startswith(("it ", "its "))
    else:
        assert host


@pytest.mark.parametrize(
    ("text", "own", "private"),
    [
        ("http://localhost:8000", True, False),
        ("http://shop.localhost", True, False),
        ("http://127.0.0.9", True, True),
        ("http://[::1]", True, True),
        ("http://0.0.0.0", True, True),
        ("http://[::ffff:127.0.0.1]", True, True),
        ("http://192.168.1.4", False, True),
        ("http://[::ffff:192.168.1.4]", False, True),
        ("http://[::ffff:196.201.214.200]", False, False),
        ("http://[fd00::1]", False, True),
        ("http://196.201.214.200", False, False),
        ("https://localhost.duka.co.ke", False, False),
    ],
)
def test_an_address_that_others_cannot_reach_is_known(text: str, own: bool, private: bool) -> None:
    """The machine's own names and the networks of a house are told from the Internet."""
    address = read_web_address(text)
    assert (address.is_own_machine, address.is_private) == (own, private)


@pytest.mark.parametrize("base", ["https://x.ke/api", "https://x.ke/api/", "https://x.ke/api//"])
@pytest.mark.parametrize("path", ["/v1/push", "v1/push", "v1/push/"])
def test_an_address_is_joined_with_one_slash(base: str, path: str) -> None:
    """However the base ends and the path begins, one address comes of them."""
    assert join_address(base, path) == "https://x.ke/api/v1/push"


def test_a_server_on_ipv6_is_printed_with_brackets() -> None:
    """What is printed can be opened."""
    assert listening_address("::1", 8000) == "http://[::1]:8000"
    assert listening_address("127.0.0.1", 8000) == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://pokea:hun@ter2@db/pokea",
        "postgresql://pokea:hun/ter2@db/pokea",
        "postgresql://pokea:hun?ter2@db/pokea",
        "postgresql://pokea:hun#ter2@db/pokea",
        "postgresql://pokea:hunter2@db:port/pokea",
        "postgresql://pokea:hunter2@db:99999/pokea",
        "postgresql://pokea:hunter2@/hunter2@db",
        "postgresql://pokea:hunter2@db one/pokea",
        "postgresql://pokea:hunter2@db:5432,other:5432/pokea",
        "postgresql://pokea:hun\nter2@db/pokea",
        "postgresql+asyncpg://pokea:hunter2@db/pokea",
        "mysql://pokea:hunter2@db/pokea",
        "postgresql:/pokea:hunter2@db",
        "pokea:hunter2@db",
    ],
)
def test_a_refused_database_address_shows_no_piece_of_its_password(url: str) -> None:
    """Whatever splits the password in two, neither half is repeated."""
    with pytest.raises(ValueError, match=" ") as refused:
        read_database_address(url)
    assert not any(piece in str(refused.value) for piece in ("hun", "ter2", "hunter2"))


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared",
        "sqlite:///x?mode=memory",
    ],
)
def test_a_database_in_memory_is_refused(url: str) -> None:
    """Each connection would have one of its own, and what one migrates another does not find."""
    with pytest.raises(ValueError, match="sqlite:///"):
        read_database_address(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///pokea.sqlite3", "sqlite:///pokea.sqlite3"),
        ("sqlite:////var/lib/my pokea.db", "sqlite:////var/lib/my pokea.db"),
        ("postgresql://pokea:hunter2@db:5432/pokea?sslmode=require", "postgresql://db:5432/pokea"),
        ("postgres://pokea:hunter2@[::1]:5432/pokea", "postgresql://[::1]:5432/pokea"),
        ("postgresql://pokea@db/pokea?password=hunter2", "postgresql://db/pokea"),
        ("postgresql:///pokea?host=/run/postgresql", "postgresql:///pokea"),
        ("postgresql://pokea:hun%40ter2@db/pokea", "postgresql://db/pokea"),
        ("postgresql://pokea:hun:ter2@db/pokea", "postgresql://db/pokea"),
    ],
)
def test_a_database_is_shown_without_user_and_password(url: str, shown: str) -> None:
    """Only where it is and what it is called is shown."""
    assert str(read_database_address(url)) == shown


@pytest.mark.parametrize("url", ["postgresql://@?:@&/", "postgresql://@?:@://", "postgresql://a@db/x?y=z@w"])
def test_an_at_sign_after_the_question_mark_is_refused(url: str) -> None:
    """The library would read another server in it."""
    with pytest.raises(ValueError, match="@ after its"):
        read_database_address(url)


def test_a_name_is_read_as_the_library_reads_it() -> None:
    """Written with %, it is shown as it is called; what cannot be seen is refused."""
    assert read_database_address("postgresql://db/pokea%2Dlive").name == "pokea-live"
    with pytest.raises(ValueError, match="cannot be seen"):
        read_database_address("postgresql://db/%00")


words = st.text(string.ascii_letters + string.digits + "@:/?#[]%&=.,-_ ", max_size=12)


@given(words, words, words, words)
def test_an_address_that_is_taken_is_read_alike_by_the_library(user: str, password: str, host: str, name: str) -> None:
    """What passes here never fails in SQLAlchemy, and means the same server and database there."""
    url = f"postgresql://{user}:{password}@{host}/{name}"
    try:
        address = read_database_address(url)
    except ValueError:
        return
    theirs = make_url(url)
    assert address.host in (theirs.host or "", f"{theirs.host}:{theirs.port}", f"[{theirs.host}]:{theirs.port}")
    assert address.name == (theirs.database or "")
