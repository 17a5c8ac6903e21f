"""Pages of people: who learned what, what is asked of them, certificates, recommendations."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page, public, staff_page
from enablement import catalogue, certificates, forms, pages, satisfaction
from enablement.models import Certificate, SurveyAnswer
from engagements.models import Side
from engagements.pages import engagement_of
from engagements.privacy import side_of
from engagements.vendor import for_managers, vendor_page
from lepton.lib.refusals import refusals_in, refusals_told


@require_GET
@member_page()
def people(request, engagement):
    """Who finished what, and how many are asked for."""
    return _people(request, engagement_of(engagement))


@require_POST
@vendor_page
@for_managers
def choose(request, engagement):
    """Say how many people finish which path, and which courses are taught."""
    engagement = engagement_of(engagement)
    form = forms.CurriculumForm(request.POST, engagement=engagement)
    if form.is_valid():
        with refusals_in(form):
            catalogue.choose(engagement, **form.answers, by=request.user)
            return redirect("enablement:people", request.tenant.slug, engagement.pk)
    return _people(request, engagement, form, status=422)


@require_POST
@member_page()
def answer_survey(request, engagement):
    """Say how likely one is to recommend us."""
    engagement, form = engagement_of(engagement), forms.SurveyForm(request.POST)
    if form.is_valid():
        with refusals_told(request):
            satisfaction.answer(engagement, **form.cleaned_data, by=request.user)
            messages.success(request, _("Thank you. Both sides see what you answered."))
    else:
        messages.error(request, _("Choose a number from 0 to 10."))
    return redirect("enablement:catalogue", request.tenant.slug, engagement.pk)


@require_GET
@member_page()
def pdf(request, engagement, certificate):
    """A certificate to print."""
    found = get_object_or_404(
        Certificate, pk=certificate, enrolment__engagement=engagement_of(engagement)
    )
    return certificates.sent(found, as_attachment=False)


@public
@require_GET
def certificate(request, code):
    """Whether a certificate is genuine, for whoever has its code."""
    shown = certificates.with_code(code)
    if shown is None:
        raise Http404
    return render(
        request,
        "enablement/certificate.html",
        {"shown": shown, "vendor": settings.LEPTON_VENDOR_NAME},
    )


@require_GET
@staff_page
def portfolio_panel(request):
    """How likely all customers are to recommend us, on the portfolio page."""
    score = satisfaction.together(SurveyAnswer.objects.all())
    return render(request, "enablement/_portfolio_panel.html", {"score": score})


def _people(request, engagement, form=None, status=200):
    context = pages.frame(engagement, "enablement:people", _("People"))
    context |= {
        "needed": catalogue.needed(engagement),
        "learners": catalogue.learners(engagement),
        "score": satisfaction.of(engagement),
        "survey_answers": engagement.survey_answers.newest_first()[:20],
        "curriculum": catalogue.curriculum_of(engagement),
    }
    if side_of(request) == Side.VENDOR and request.user.is_account_manager:
        context["form"] = form or forms.CurriculumForm(engagement=engagement)
    return render(request, "enablement/people.html", context, status=status)
