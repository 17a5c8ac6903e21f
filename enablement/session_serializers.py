"""What the API takes and gives of sessions."""

from zoneinfo import available_timezones

from django.utils.translation import gettext as _
from rest_framework import serializers

from enablement import calendars
from enablement.models import Attendance, Session
from enablement.paths import Path
from lepton.lib.strict import StrictSerializer


class AttendanceSerializer(serializers.ModelSerializer):
    """Somebody invited to a session."""

    user = serializers.UUIDField(source="user_id")
    name = serializers.CharField(source="user.name")

    class Meta:
        model = Attendance
        fields = ["user", "name", "was_there", "score", "comment"]


class SessionSerializer(serializers.ModelSerializer):
    """A session, and who is invited."""

    engagement = serializers.UUIDField(source="engagement_id")
    attendances = AttendanceSerializer(many=True)

    class Meta:
        model = Session
        fields = ["id", "engagement", "title", "path", "starts_at", "minutes", "time_zone"]
        fields += ["place", "notes", "cancelled_at", "recording_name", "attendances"]


class SessionDetailSerializer(SessionSerializer):
    """A session with its calendar file (RFC 5545)."""

    calendar = serializers.SerializerMethodField()

    class Meta(SessionSerializer.Meta):
        fields = [*SessionSerializer.Meta.fields, "calendar"]

    def get_calendar(self, session) -> str:
        return calendars.as_ics(session).decode()


def known_zone(name):
    if name not in available_timezones():
        raise serializers.ValidationError(_("No such time zone."))


class ChangeSessionSerializer(StrictSerializer):
    """What is to be different about a session."""

    title = serializers.CharField(max_length=200, required=False)
    path = serializers.ChoiceField(choices=Path.choices, required=False, allow_blank=True)
    starts_at = serializers.DateTimeField(required=False)
    minutes = serializers.IntegerField(min_value=5, max_value=1440, required=False)
    time_zone = serializers.CharField(max_length=60, required=False, validators=[known_zone])
    place = serializers.CharField(max_length=300, required=False, allow_blank=True)


class BookSessionSerializer(ChangeSessionSerializer):
    """A session to book; `people` are the ids of whom to invite."""

    title = serializers.CharField(max_length=200)
    starts_at = serializers.DateTimeField()
    people = serializers.ListField(child=serializers.UUIDField(), default=list)


class AttendedSerializer(StrictSerializer):
    """Who was there, and what was said."""

    present = serializers.ListField(child=serializers.UUIDField(), default=list)
    notes = serializers.CharField(max_length=10_000, allow_blank=True, default="")


class RateSessionSerializer(StrictSerializer):
    """How good a session was."""

    score = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField(max_length=2000, allow_blank=True, default="")


class RecordingSerializer(StrictSerializer):
    """A recording to attach."""

    recording = serializers.FileField()
