"""The whole site at a glance."""

from django.conf import settings
from django.urls import include, path
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView

from accounts.access import public
from lepton import api_docs, errors, health, media

handler404 = "lepton.errors.not_found"
handler500 = "lepton.errors.server_error"

TENANT_API = "api/v1/tenants/<slug:tenant>/"

urlpatterns = [
    # For machines that look after this one
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    # People
    # Closed: nobody takes an address by their own word
    path("account/email/", errors.closed, name="no_email"),
    path("account/", include("allauth.urls")),
    path("language/", public(set_language), name="language"),
    path("media/<str:signature>", media.serve, name="media"),
    path("", include("engagements.urls")),
    path("", include("accounts.urls")),
    path("", include("enablement.urls")),
    path("", include("training.urls")),
    path("", include("serving.urls")),
    path("", include("feedback.urls")),
    # REST clients
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", api_docs.docs, name="api_docs"),
    path("api/v1/", include("accounts.api_root_urls")),
    path("api/v1/", include("engagements.api_root_urls")),
    path("api/v1/", include("enablement.api_root_urls")),
    path("api/v1/", include("feedback.api_root_urls")),
    path(TENANT_API, include("accounts.api_urls")),
    path(TENANT_API, include("engagements.api_urls")),
    path(TENANT_API, include("enablement.api_urls")),
    path(TENANT_API, include("training.api_urls")),
    path(TENANT_API, include("serving.api_urls")),
    path(TENANT_API, include("feedback.api_urls")),
]

if settings.DEBUG:
    from lepton.gallery import gallery

    urlpatterns.append(path("gallery/", gallery, name="gallery"))
