"""The browsable API documentation, from our own origin; scripts stay as strict as on all pages."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from drf_spectacular.views import SpectacularSwaggerSplitView

from accounts.access import public

# Swagger UI sets style attributes as it draws; nothing that a tenant wrote is on this page.
docs = public(
    csp_update({"style-src": [SELF, UNSAFE_INLINE]})(
        SpectacularSwaggerSplitView.as_view(
            url_name="schema", template_name="lepton/api_docs.html", title="Lepton API"
        )
    )
)
