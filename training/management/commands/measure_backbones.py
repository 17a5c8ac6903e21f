"""Measure what backbones cost on this host."""

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from training import measuring
from training.engine import backbones


class Command(BaseCommand):
    help = "Measure parameters, multiply-adds, memory and latency of backbones on this host."

    def add_arguments(self, parser):
        parser.add_argument("--backbone", choices=list(backbones.CATALOGUE), action="append")
        parser.add_argument("--images", type=int, default=measuring.IMAGES, help="timed, 1 to 1000")

    def handle(self, *, backbone, images, **options):
        if not 1 <= images <= 1000:
            raise CommandError(_("Time between 1 and 1000 images."))
        for name in backbone or backbones.CATALOGUE:
            try:
                rows = measuring.measure(name, images=images)
            except measuring.MeasuringFailed as failure:
                raise CommandError(f"{name}: {failure}") from failure
            for row in rows:
                self.stdout.write(_told(row))


def _told(row) -> str:
    words = _("%(backbone)s on %(device)s: %(ms).1f ms an image (p95 %(p95).1f), %(mb).0f MB")
    figures = {"ms": row.latency_ms, "p95": row.latency_p95_ms, "mb": row.memory_bytes / 1e6}
    return words % (figures | {"backbone": row.backbone, "device": row.device})
