"""How REST clients say who they are: `Authorization: Bearer <key>` first, `X-API-Key` too."""

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from accounts import keys, system, usage


class KeyUser(AnonymousUser):
    """The request's user when an API key signed it: authenticated, but no person."""

    is_authenticated = True
    is_anonymous = False
    is_vendor_staff = False

    def __init__(self, facts):
        super().__init__()
        self.facts = facts


class ApiKeyAuthentication(BaseAuthentication):
    """Checks a presented key on every request, so a revoked one is refused at once."""

    def authenticate(self, request):
        key = presented_key(request)
        if key is None:
            return None
        facts = check(key)
        usage.note_use(facts)
        return KeyUser(facts), facts

    def authenticate_header(self, request):
        return "Bearer"


def presented_key(request) -> str | None:
    scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return request.headers.get("X-API-Key")


def check(key: str) -> system.KeyFacts:
    """Return what a key may do; raise AuthenticationFailed with the reason it may do nothing."""
    if not keys.is_well_formed(key):
        raise AuthenticationFailed(_("This is not a Lepton API key: check that it is complete."))
    facts = system.api_key(keys.digest(key))
    if facts is None:
        raise AuthenticationFailed(_("This API key is not known here."))
    if facts.revoked_at:
        raise AuthenticationFailed(_("This API key was revoked. Ask for a new one."))
    if facts.expires_at and facts.expires_at <= timezone.now():
        raise AuthenticationFailed(_("This API key has expired. Ask for a new one."))
    return facts


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """Describes the scheme in the OpenAPI document."""

    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "bearerFormat": "lep_…"}
