"""What SMTP_URL says."""

import pytest

from infra.mail.server import MailServer, default_sender, parse_smtp_url


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", MailServer(host="mail.example", port=587, security="offered")),
        ("smtp://localhost:25/", MailServer(host="localhost", port=25, security="offered")),
        ("smtp://[::1]:2525", MailServer(host="::1", port=2525, security="offered")),
        ("smtps://mail.example", MailServer(host="mail.example", port=465, security="tls")),
        (
            "smtp://relay?starttls=never",
            MailServer(host="relay", port=587, security="never"),
        ),
        (
            "smtp://relay?starttls=required",
            MailServer(host="relay", port=587, security="required"),
        ),
        (
            "smtps://ann%40example.org:p%40ss%2Fw%3Ard@mail.example",
            MailServer(
                host="mail.example",
                port=465,
                security="tls",
                username="ann@example.org",
                password="p@ss/w:rd",
            ),
        ),
    ],
)
def test_says_where_mail_is_handed_over(url: str, server: MailServer) -> None:
    assert parse_smtp_url(url) == server


def test_a_password_is_never_sent_in_the_clear_unless_one_asks_for_it() -> None:
    assert parse_smtp_url("smtp://ann:pw@mail.example").security == "required"
    assert parse_smtp_url("smtp://ann:pw@localhost?starttls=never").security == "never"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://:25",
        "smtp://host:0",
        "smtp://host:70000",
        "smtp://host:smtp",
        "smtp://host/inbox",
        "smtp://host?starttls=maybe",
        "smtp://host?timeout=3",
        "smtps://host?starttls=never",
        "smtp://[::1",
        "smtp://ann:s3cret@host:x",
    ],
)
def test_refuses_what_names_no_mail_server(url: str) -> None:
    with pytest.raises(ValueError, match="smtp") as refused:
        parse_smtp_url(url)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("smtps://ann%40example.org:pw@mail.example", "ann@example.org"),
        ("smtps://ann:pw@mail.example", "annals@mail.example"),
        ("smtp://10.0.0.1", "annals@localhost"),
        ("smtp://[fe80::1]", "annals@localhost"),
    ],
)
def test_mail_comes_from_the_account_or_else_from_the_host(url: str, sender: str) -> None:
    assert default_sender(parse_smtp_url(url)) == sender
