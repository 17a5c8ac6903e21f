"""How quick the workers were lately, and so how long a queue will take them."""

SHARE = 0.2  # of the newest in the mean


class Pace:
    """An exponentially weighted mean of the seconds that an image takes a worker."""

    def __init__(self, workers: int):
        self.workers = workers
        self.seconds = 0.0

    def note(self, seconds: float, images: int) -> None:
        """Count a batch."""
        each = seconds / images
        self.seconds = each if not self.seconds else self.seconds + SHARE * (each - self.seconds)

    def until_done(self, ahead: int, images: int) -> float:
        """Return the seconds until the last of `images` is answered, with `ahead` before them."""
        return (ahead + images - 1) * self.seconds / self.workers + self.seconds
