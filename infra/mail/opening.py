"""The mailer that the settings ask for."""

from infra.mail.server import default_sender, parse_smtp_url
from infra.mail.smtp import SmtpMailer
from infra.settings import Settings


def mailer(settings: Settings) -> SmtpMailer | None:
    """Give what sends mail; None where no server is set."""
    if settings.smtp_url is None:
        return None
    server = parse_smtp_url(settings.smtp_url)
    return SmtpMailer(server, settings.smtp_from or default_sender(server))
