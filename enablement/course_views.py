"""Pages of courses: the vendor's own, above any tenant."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import vendor_desk
from enablement import courses as services
from enablement import files, forms, lesson_html
from enablement.models import Course, CourseFile, Lesson
from lepton.lib.refusals import refusals_in, refusals_told


@require_GET
@vendor_desk
def courses(request):
    """All courses, those of the library and the vendor's own."""
    standing = Course.objects.filter(retired_at=None).in_order()
    retired = Course.objects.exclude(retired_at=None).in_order()
    context = {"courses": standing, "retired": retired}
    return render(request, "enablement/courses.html", context)


@vendor_desk
def create(request):
    """A course of one's own."""
    form = forms.NewCourseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            made = services.create_course(**form.cleaned_data, by=request.user)
            return redirect("enablement:edit_course", made.pk)
    status = 422 if form.errors else 200
    return render(request, "enablement/course_new.html", {"form": form}, status=status)


@vendor_desk
def course(request, course):
    """A course: what the catalogue says of it, its draft, its versions and files."""
    found = get_object_or_404(Course, pk=course)
    form = forms.CourseForm(request.POST or None, initial=vars(found))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            services.change_course(found, **form.cleaned_data, by=request.user)
            messages.success(request, _("“%s” is saved.") % found.title)
            return redirect("enablement:edit_course", found.pk)
    return _course(request, found, form)


@require_POST
@vendor_desk
def draft(request, course):
    """Begin the next version."""
    found = get_object_or_404(Course, pk=course)
    services.draft_of(found, by=request.user)
    return redirect("enablement:edit_course", found.pk)


@require_POST
@vendor_desk
def publish(request, course):
    """Publish the draft."""
    draft, form = _draft(course), forms.PublishForm(request.POST)
    if form.is_valid():
        with refusals_told(request):
            published = services.publish(draft, **form.cleaned_data, by=request.user)
            messages.success(request, _("Version %s is published.") % published.number)
    else:
        messages.error(request, _("The pass mark is a number from 1 to 100."))
    return redirect("enablement:edit_course", course)


@require_POST
@vendor_desk
def retire(request, course):
    """Offer a course no longer."""
    found = get_object_or_404(Course, pk=course)
    services.retire_course(found, by=request.user)
    messages.success(request, _("“%s” is offered no longer.") % found.title)
    return redirect("enablement:courses")


@require_POST
@vendor_desk
def upload(request, course):
    """Add a picture, a film, captions or material."""
    found = get_object_or_404(Course, pk=course)
    form = forms.CourseFileForm(request.POST, request.FILES)
    if form.is_valid():
        with refusals_in(form):
            stored = files.store(found, form.cleaned_data["file"])
            files.add_file(found, stored, by=request.user)
            return redirect("enablement:edit_course", found.pk)
    return _course(request, found, file_form=form, status=422)


@require_POST
@vendor_desk
def remove_file(request, course, file):
    """Take a file away."""
    found = get_object_or_404(CourseFile.objects.select_related("course"), pk=file, course=course)
    with refusals_told(request):
        files.remove_file(found, by=request.user)
    return redirect("enablement:edit_course", course)


@vendor_desk
def new_lesson(request, course):
    """Write a lesson at the end of the draft."""
    return _edit(request, _draft(course), None)


@vendor_desk
def edit_lesson(request, course, lesson):
    """Change a lesson of the draft."""
    draft = _draft(course)
    return _edit(request, draft, get_object_or_404(draft.lessons, pk=lesson))


@require_POST
@vendor_desk
def move_lesson(request, course, lesson):
    """Move a lesson up or down."""
    found = get_object_or_404(_draft(course).lessons, pk=lesson)
    services.move_lesson(found, up="up" in request.POST, by=request.user)
    return redirect("enablement:edit_course", course)


@require_POST
@vendor_desk
def remove_lesson(request, course, lesson):
    """Take a lesson out of the draft."""
    found = get_object_or_404(_draft(course).lessons, pk=lesson)
    services.remove_lesson(found, by=request.user)
    return redirect("enablement:edit_course", course)


@require_POST
@vendor_desk
def preview(request, course):
    """How a text will look."""
    found = get_object_or_404(Course, pk=course)
    shown = lesson_html.render(request.POST.get("body", ""), files=found.files.all())
    return render(request, "enablement/_preview.html", {"html": shown.html})


def _draft(course):
    draft = get_object_or_404(Course, pk=course).draft
    if draft is None:
        raise Http404
    return draft


def _edit(request, draft, lesson):
    form = forms.LessonForm(request.POST or None, initial=forms.lesson_as_initial(lesson))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            services.save_lesson(draft, lesson, **form.answers, by=request.user)
            messages.success(request, _("“%s” is saved.") % form.cleaned_data["title"])
            return redirect("enablement:edit_course", draft.course_id)
    context = {"course": draft.course, "lesson": lesson, "form": form}
    status = 422 if form.errors else 200
    return render(request, "enablement/lesson_edit.html", context, status=status)


@transaction.atomic
def _course(request, course, form=None, file_form=None, status=200):
    form = form or forms.CourseForm(initial=vars(course))
    context = {
        "course": course,
        "draft": course.draft,
        "lessons": Lesson.objects.filter(version=course.draft or course.published),
        "versions": course.versions.published().order_by("-number"),
        "files": course.files.order_by("file_name"),
        "form": form,
        "file_form": file_form or forms.CourseFileForm(),
        "publish_form": forms.PublishForm(initial={"pass_percent": 75}),
    }
    status = 422 if form.errors else status
    return render(request, "enablement/course.html", context, status=status)
