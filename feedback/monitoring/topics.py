"""What pages that show an endpoint's monitoring listen to."""


def monitoring_topic(endpoint_id) -> str:
    return f"monitoring:{endpoint_id}"
