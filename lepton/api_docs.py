"""The browsable API documentation, served from our own origin."""

from accounts.access import public
from csp.decorators import csp_update
from drf_spectacular.views import SpectacularSwaggerSplitView

# Swagger UI sets inline styles and data: images; its scripts come from files.
docs = public(
    csp_update({"style-src": ["'self'", "'unsafe-inline'"]})(
        SpectacularSwaggerSplitView.as_view(url_name="schema")
    )
)
