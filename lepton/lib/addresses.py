"""Which addresses of other people's servers may be called: public ones, over https."""

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def checked(url: str) -> str:
    """Resolve the host of `url` once and return an IP address that may be called.

    Raises ValidationError in words for people where any address of the host is not public, so
    whoever connects must connect to the returned address and not resolve the name again.
    """
    host, port = _parts(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ValidationError(_("No server is known under the name “%s”.") % host) from None
    addresses = [place[0] for *_family, place in found]
    if not settings.LEPTON_WEBHOOK_PRIVATE and not all(is_public(one) for one in addresses):
        words = _("“%s” lies inside a private or reserved network. Use a public address.")
        raise ValidationError(words % host)
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address lies in the public internet, one wrapped in IPv6 included."""
    ip = ipaddress.ip_address(address)
    inner = [getattr(ip, name, None) for name in ("ipv4_mapped", "sixtofour")]
    inner += getattr(ip, "teredo", None) or ()
    if wrapped := [one for one in inner if one is not None]:
        return all(is_public(str(one)) for one in wrapped)
    is_special = ip.is_multicast or ip.is_reserved or getattr(ip, "is_site_local", False)
    return ip.is_global and not is_special  # is_global leaves out private, loopback and CGNAT


def _parts(url):
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        raise ValidationError(_("This is no web address.")) from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValidationError(_("This is no web address."))
    if parts.scheme == "http" and not settings.LEPTON_WEBHOOK_PRIVATE:
        raise ValidationError(_("Use an address that begins with https://."))
    if parts.username is not None or parts.password is not None:
        raise ValidationError(_("Leave name and password out of the address."))
    return host, port
