"""Telling what was put in place or beside the champion: to record, audit and pages.

The data planes are told by the database itself (`serving.news`).
"""

from accounts import audit
from engagements import timeline
from lepton.lib import live


def tell(row, kind, *, by, url="", **params):
    """Note what happened to a deployment or a challenger, and have pages look again."""
    endpoint, version = row.endpoint, row.model_version
    audit.record(kind, endpoint, by=by, version=version.number, number=row.number, **params)
    params |= {"version": version.number, "endpoint": endpoint.slug}
    timeline.record(endpoint.engagement, kind, by=by, url=url, **params)
    look_again(endpoint)


def look_again(endpoint):
    """Let pages that show the endpoint look again."""
    topics = (endpoint.topic, f"engagement:{endpoint.engagement_id}")
    live.look_again(endpoint.tenant_id, *topics)
