"""Iterations: each round of the loop is a row with its dates."""

from django.utils import timezone

from engagements.models import Iteration


def begin(engagement, number):
    """Note that a round begins now."""
    return Iteration.objects.create(engagement=engagement, number=number)


def end(engagement):
    """Note that the present round ends now."""
    present = engagement.iterations.filter(number=engagement.iteration, ended_at=None)
    present.update(ended_at=timezone.now())
