"""What a training would see: an image of the data in several of its random views."""

import numpy as np
import simplejpeg
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import member_page
from accounts.scoping import tenant_scope
from engagements.pages import engagement_of
from lepton.lib import storage
from training.data_pages import version_of
from training.engine import backbones, preprocess
from training.engine.augment import Augment
from training.task_types.params import FineTuneParams

SHOWN = 8
QUALITY = 88


@require_GET
@member_page()
def augmented(request, engagement):
    """The pictures of a preview, by the settings as they are in the form."""
    engagement = engagement_of(engagement)
    try:
        version = version_of(engagement, request.GET.get("dataset_version"))
    except ValidationError:
        raise Http404 from None
    context = {"engagement": engagement, "version": version}
    context |= {"numbers": range(SHOWN), "asked": _asked(request)}
    return render(request, "training/_augmented.html", context)


@require_GET
@member_page(scoped=False)
def picture(request, engagement, version, number):
    """One view of the version's first training image; number 0 is the serving view."""
    with tenant_scope(request.tenant):
        rows = version_of(engagement_of(engagement), version).items.filter(
            split="train", image__erased_at=None
        )
        row = rows.select_related("image").order_by("image__sha256").first()
    if row is None or number >= SHOWN:
        raise Http404
    square = preprocess.canonical(storage.get(row.image.storage_key))
    how, rng = Augment.of(**_asked(request)), np.random.default_rng(number)
    view = how.view(square, rng) if number else preprocess.centre(square)
    factor = how.factors(1, rng)[0] if number else 1.0
    pixels = np.clip(view * factor, 0, 255).astype(np.uint8)
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=QUALITY)
    return HttpResponse(data, content_type="image/jpeg")


def _asked(request) -> dict:
    """The two settings that decide; one that is not given, or wrong, takes its default."""
    network = backbones.CATALOGUE.get(request.GET.get("backbone", ""))
    suited = network.defaults if network else {}
    default = suited.get("augmentation", FineTuneParams.augmentation)
    augmentation = request.GET.get("augmentation") or default
    known = FineTuneParams.__dataclass_fields__["augmentation"].metadata["choices"]
    views = 1 if request.GET.get("views") == "1" else 2
    return {"augmentation": augmentation if augmentation in known else default, "views": views}
