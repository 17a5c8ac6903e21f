"""Parts of the holdout by metadata, each as "name=value": which there are, what is in them."""

from collections import Counter

from training.models import DatasetVersion, Split, VersionItem

MOST_VALUES = 12  # of one name, beyond which a form does not offer each of them


def of_holdout(engagement) -> dict[str, int]:
    """{"name=value": images} of the holdout that the next challenger is judged on."""
    version = _newest(engagement)
    rows = _rows(version) if version and version.meta_names else []
    counts = Counter(part for _image, meta in rows for part in _parts(meta))
    return dict(sorted(counts.items()))


def offered(engagement) -> dict[str, int]:
    """Those of names that have few values: ages and the like are not told one by one."""
    found = of_holdout(engagement)
    values = Counter(name_of(part) for part in found)
    return {part: n for part, n in found.items() if values[name_of(part)] <= MOST_VALUES}


def images_in(version, wanted) -> dict[str, set]:
    """The images of each of the `wanted` parts in a dataset version's holdout."""
    found = {part: set() for part in wanted}
    for image, meta in _rows(version) if wanted else []:
        for part in found.keys() & set(_parts(meta)):
            found[part].add(image)
    return found


def name_of(part: str) -> str:
    return part.partition("=")[0]


def _newest(engagement):
    """Of the data that the champion learned from; before there is one, the engagement's newest."""
    versions = DatasetVersion.objects.filter(dataset__engagement=engagement)
    endpoint = engagement.endpoints.first()
    if champion := endpoint and endpoint.champion:
        dataset = champion.model_version.run.dataset_version.dataset_id
        versions = versions.filter(dataset=dataset)
    return versions.order_by("-created_at").first()


def _rows(version):
    rows = VersionItem.objects.filter(version=version, split=Split.TEST).exclude(meta={})
    return rows.values_list("image", "meta")


def _parts(meta) -> list[str]:
    return [f"{name}={value}" for name, value in meta.items() if value]
