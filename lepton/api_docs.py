"""The browsable API documentation, from our own origin, under the policy of all pages."""

from drf_spectacular.views import SpectacularSwaggerSplitView

from accounts.access import public

docs = public(
    SpectacularSwaggerSplitView.as_view(
        url_name="schema", template_name="lepton/api_docs.html", title="Lepton API"
    )
)
