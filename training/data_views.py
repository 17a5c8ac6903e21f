"""Pages of data: the working set, imports, versions."""

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from accounts.access import member_page
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from engagements.pages import engagement_of
from lepton.lib.refusals import refusals_in, refusals_told
from lepton.lib.streaming import streamed
from training import data_forms as forms
from training import data_gallery as gallery
from training import data_pages as pages
from training.datasets import curate, exports, reports, services, uploads, versions


@require_GET
@member_page()
def data(request, engagement):
    """The working set of an engagement; the live part alone for a page that is watching."""
    engagement = engagement_of(engagement)
    context = pages.data_page(engagement, request.GET.get("dataset"))
    template = "training/_data.html" if request.htmx else "training/data.html"
    return render(request, template, context)


@require_GET
@member_page()
def panel(request, engagement):
    """What the engagement's overview says about its data."""
    engagement = engagement_of(engagement)
    context = {"engagement": engagement} | pages.panel(pages.dataset_of(engagement, None))
    return render(request, "training/_data_panel.html", context)


@require_GET
@member_page()
def data_gallery(request, engagement, dataset):
    """Thumbnails of the working set."""
    dataset = pages.dataset_of(engagement_of(engagement), dataset)
    context = gallery.of_working_set(request, dataset)
    return render(request, "training/_gallery.html", context)


@require_POST
@member_page(Capability.DATA)
def change_items(request, engagement, dataset):
    """Relabel, move, exclude or check the chosen images, and show the gallery again."""
    dataset = pages.dataset_of(engagement_of(engagement), dataset)
    form = forms.ChangeItemsForm(request.POST)
    said, tone = form.refusal, "bad"
    if form.is_valid():
        with refusals_in(form):
            n = curate.change_items(dataset, by=request.user, **form.change)
            said, tone = ngettext("%s image changed.", "%s images changed.", n) % n, "good"
        said = form.refusal or said
    answer = render(request, "training/_gallery.html", gallery.of_working_set(request, dataset))
    return trigger_client_event(answer, "toast", {"text": str(said), "tone": tone})


@require_POST
@member_page(Capability.DATA, scoped=False)
def upload(request, engagement):
    """Take a zip, store it, queue its import; the page goes on to the import."""
    with tenant_scope(request.tenant):
        engagement = engagement_of(engagement)
    form = forms.UploadForm(request.POST, request.FILES)
    if form.is_valid():
        with refusals_in(form):
            url = _start_import(request, engagement, form.cleaned_data)
            return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    with tenant_scope(request.tenant):
        return _refused_upload(request, engagement, form)


def _start_import(request, engagement, sent) -> str:
    """Store what was sent, queue its import, and return the import's address."""
    archive, tenant = sent["archive"], request.tenant
    stored = uploads.receive(
        archive,
        name=archive.name,
        declared_bytes=archive.size,
        tenant=tenant,
        splits_file=sent["splits"],
    )
    try:
        with tenant_scope(tenant):
            dataset = pages.dataset_of(engagement, sent["dataset"])
            dataset = dataset or services.first_dataset(engagement, by=request.user)
            import_ = services.start_import(dataset, upload=stored, by=request.user)
            return import_.get_absolute_url()
    except BaseException:
        uploads.discard(stored)
        raise


def _refused_upload(request, engagement, form):
    if request.htmx:
        context = {"engagement": engagement, "upload": form}
        return render(request, "training/_upload.html", context, status=422)
    status = 413 if form.has_error(NON_FIELD_ERRORS, "too_large") else 422
    context = pages.data_page(engagement, request.POST.get("dataset")) | {"upload": form}
    return render(request, "training/data.html", context, status=status)


@require_POST
@member_page(Capability.DATA)
def freeze(request, engagement, dataset):
    """Freeze the working set as the next version."""
    engagement = engagement_of(engagement)
    dataset = pages.dataset_of(engagement, dataset)
    form = forms.FreezeForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            version = versions.freeze_version(dataset, by=request.user, **form.cleaned_data)
            messages.success(request, _("Version %d is frozen.") % version.number)
            return redirect(version)
    context = pages.data_page(engagement, dataset.pk) | {"freeze": form}
    return render(request, "training/data.html", context, status=422)


@require_GET
@member_page()
def import_page(request, engagement, pk):
    """One import: how far it is, and what became of each file."""
    engagement = engagement_of(engagement)
    import_ = pages.import_of(engagement, pk)
    context = pages.data_frame(engagement, import_.source) | pages.import_context(request, import_)
    template = "training/_import.html" if request.htmx else "training/import.html"
    return render(request, template, context)


@require_POST
@member_page(Capability.DATA)
def import_cancel(request, engagement, pk):
    """Cancel an import."""
    import_ = pages.import_of(engagement_of(engagement), pk)
    with refusals_told(request):
        services.cancel_import(import_, by=request.user)
    return HttpResponse(status=204) if request.htmx else redirect(import_)


@require_GET
@member_page()
def import_rows(request, engagement, pk):
    """The report of an import as CSV."""
    import_ = pages.import_of(engagement_of(engagement), pk)
    name = f"import-{import_.created_at:%Y-%m-%d-%H%M}.csv"
    return streamed(request, reports.csv_of(import_), content_type="text/csv", filename=name)


@require_GET
@member_page()
def version_page(request, engagement, pk):
    """One dataset version: its counts, where its splits came from, its images."""
    engagement = engagement_of(engagement)
    version = pages.version_of(engagement, pk)
    context = pages.data_frame(engagement, str(version)) | pages.version_context(version)
    return render(request, "training/dataset_version.html", context)


@require_GET
@member_page()
def version_gallery(request, engagement, pk):
    """Thumbnails of a version."""
    version = pages.version_of(engagement_of(engagement), pk)
    return render(request, "training/_gallery.html", gallery.of(request, version.items.all()))


@require_GET
@member_page()
def version_export(request, engagement, pk, kind):
    """A version as CSV, JSON Lines, COCO, Label Studio's JSON or an ImageFolder zip."""
    version = pages.version_of(engagement_of(engagement), pk)
    if kind not in exports.KINDS:
        raise Http404
    name, content_type, pieces = exports.export(version, kind, by=request.user)
    return streamed(request, pieces, content_type=content_type, filename=name)
