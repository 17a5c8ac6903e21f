"""Pages of the acceptance contract: freezing, judging, signing."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability
from engagements import contracts, forms, holdouts, pages, signoffs
from engagements.acceptance import facts
from engagements.contract_forms import ContractForm, contract_as_initial
from engagements.models import Signoff
from engagements.privacy import person_of
from lepton.lib.refusals import refusals_in, refusals_told


@require_GET
@member_page()
def contract(request, engagement):
    """What counts as good enough; the part that changes alone for a page that is watching."""
    engagement = pages.engagement_of(engagement)
    if request.htmx:
        context = {"engagement": engagement, **facts(engagement, person_of(request))}
        return render(request, "engagements/_contract.html", context)
    return _page(request, engagement)


@require_POST
@member_page(Capability.ENGAGE)
def freeze(request, engagement):
    """Freeze the next version."""
    engagement = pages.engagement_of(engagement)
    form = ContractForm(request.POST, engagement=engagement)
    if form.is_valid():
        with refusals_in(form):
            frozen = contracts.freeze_contract(engagement, **form.terms, by=request.user)
            messages.success(request, _("Version %s of the contract is frozen.") % frozen.version)
            return redirect(frozen)
    return _page(request, engagement, form, status=422)


@require_POST
@member_page(Capability.RUN)
def judge(request, engagement):
    """Give the verdict on a model version."""
    engagement = pages.engagement_of(engagement)
    form = forms.CandidateForm(request.POST)
    if not form.is_valid():
        raise Http404
    with refusals_told(request):
        verdict = contracts.judge(engagement, **form.cleaned_data, by=request.user)
        messages.success(request, _("The verdict: %s.") % verdict.get_outcome_display())
    return redirect("engagements:contract", request.tenant.slug, engagement.pk)


@require_POST
@member_page(Capability.ENGAGE)
def sign(request, engagement):
    """Sign what the person saw."""
    engagement = pages.engagement_of(engagement)
    kind, sha256 = request.POST.get("kind"), request.POST.get("sha256")
    if kind not in Signoff.Kind.values:
        raise Http404
    with refusals_told(request):
        signoffs.sign(engagement, kind, sha256=sha256, by=request.user)
        messages.success(request, _("Your signature stands."))
    return redirect(signoffs.page_of(engagement, kind))


@require_POST
@member_page(Capability.ENGAGE)
def revoke_signoff(request, engagement, signoff):
    """Take one's own signature back."""
    engagement = pages.engagement_of(engagement)
    signoff = get_object_or_404(engagement.signoffs, pk=signoff)
    with refusals_told(request):
        signoffs.revoke(signoff, reason=request.POST.get("reason", ""), by=request.user)
        messages.success(request, _("Your signature is taken back."))
    return redirect(signoffs.page_of(engagement, signoff.kind))


def _page(request, engagement, form=None, status=200):
    initial = contract_as_initial(engagement)
    context = pages.frame(engagement, _("Contract")) | facts(engagement, person_of(request))
    context |= {
        "form": form or ContractForm(initial=initial, engagement=engagement),
        "has_holdout": bool(holdouts.of(engagement)),
    }
    return render(request, "engagements/contract.html", context, status=status)
