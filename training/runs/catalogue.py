"""Methods with their settings, and networks with their cost, as plain data."""

from dataclasses import MISSING, fields

from django.conf import settings
from django.utils.translation import gettext as _

from training import measuring
from training.engine import backbones
from training.task_types import params as task_params

VERSIONS = {"one": "model_version", "many": "model_versions"}
KINDS = {int: "integer", float: "number", str: "string"}


def catalogue() -> dict:
    """Everything a run can be made of."""
    measured = measuring.newest()
    return {
        "methods": [
            {
                "name": name,
                "title": _(task_params.TITLES[name]),
                "settings": [_setting(item) for item in fields(kind) if item.name != "backbone"],
            }
            for name, kind in task_params.METHODS.items()
        ],
        "backbones": [_backbone(one, measured) for one in backbones.CATALOGUE.values()],
    }


def _setting(item) -> dict:
    limits = item.metadata
    words = {"name": item.name, "label": _(limits["label"]), "help": _(limits["help"])}
    kind = {"type": VERSIONS.get(limits.get("versions")) or KINDS.get(item.type, "number")}
    default = {"default": None if item.default is MISSING else item.default}
    renamed = {"min": "minimum", "max": "maximum", "choices": "choices"}
    return (
        words | kind | default | {renamed[name]: limits[name] for name in renamed if name in limits}
    )


def _backbone(one, measured) -> dict:
    names = ("name", "title", "parameters", "features", "gflops", "cpu_ms", "pretrained")
    available = backbones.weights_available(one.name, settings.LEPTON_WEIGHTS_DIR)
    return {name: getattr(one, name) for name in names} | {
        "note": _(one.note) if one.note else "",
        "weights_file": one.weights_file,
        "weights_available": available,
        "defaults": one.defaults,
        "measurement": measured.get(one.name),
    }
