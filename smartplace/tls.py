"""How to check the broker's certificate."""

import ssl

from domain.errors import CommandError
from smartplace.settings import Settings


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """How to check the broker's certificate, or None for plain TCP.

    Raises:
        CommandError: the certificate authority's file cannot be used.
    """
    if not settings.mqtt_tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.mqtt_ca_file)
    except OSError as error:
        raise CommandError(f"SMARTPLACE_MQTT_CA_FILE {settings.mqtt_ca_file}: {error.strerror or error}") from error
