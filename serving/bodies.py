"""Request bodies, as they come in: each bounded, and all of them together."""

from django.conf import settings
from django.utils.translation import gettext as _

from serving.incoming import Incoming
from serving.refusals import come_back, too_large

BYTES_AT_MOST = 400_000_000  # of all requests in flight


class Bodies:
    """Counts what is held; whoever takes gives back."""

    def __init__(self):
        self.held_bytes = 0

    def hold(self, size: int) -> int:
        """Count `size` bytes more as held. Raises Refused (503) when that is too much."""
        if self.held_bytes + size > BYTES_AT_MOST:
            raise come_back(_("Too much is being sent at once: try again in a moment."))
        self.held_bytes += size
        return size

    def release(self, size: int) -> None:
        self.held_bytes -= size

    async def read(self, incoming: Incoming) -> bytes:
        """Read the whole body and hold it. Raises Refused: 400, 408, 413, 503."""
        most = settings.LEPTON_MAX_REQUEST_BYTES
        length = incoming.headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > most:
            raise too_large(most)
        parts, size = [], 0
        try:
            while part := await incoming.part():
                size += self.hold(len(part))
                if size > most:
                    raise too_large(most)
                parts.append(part)
        except BaseException:
            self.release(size)
            raise
        return parts[0] if len(parts) == 1 else b"".join(parts)
