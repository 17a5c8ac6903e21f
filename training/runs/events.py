"""Runs as TensorBoard event files, made from their rows when somebody asks for them."""

import io
import zipfile

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

TAGS = {
    "train_loss": "loss/train",
    "valid_loss": "loss/validation",
    "valid_accuracy": "accuracy/validation",
    "items_per_second": "speed/images per second",
}


def file_of(run) -> bytes:
    """Return one run as an event file: a scalar per epoch and figure, and the test accuracy."""
    out = io.BytesIO()
    writer = RecordWriter(out)
    began = (run.started_at or run.created_at).timestamp()
    writer.write(Event(wall_time=began, file_version="brain.Event:2").SerializeToString())
    epochs = list(run.epochs.order_by("epoch"))
    for one in epochs:
        for field, tag in TAGS.items():
            if (value := getattr(one, field)) is not None:
                _scalar(writer, one.at.timestamp(), one.epoch, tag, value)
    if (tested := run.test_evaluation) is not None:
        last = epochs[-1].epoch if epochs else 0
        _scalar(writer, tested.at.timestamp(), last, "accuracy/test", tested.accuracy)
    return out.getvalue()


def archive_of(runs) -> bytes:
    """Return a zip with a folder per run, as `tensorboard --logdir` reads it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for run in runs:
            archive.writestr(f"run-{run.number:03d}/{name_of(run)}", file_of(run))
    return out.getvalue()


def name_of(run) -> str:
    """The name of a run's event file; TensorBoard looks for "tfevents" in it."""
    began = int((run.started_at or run.created_at).timestamp())
    return f"events.out.tfevents.{began}.run-{run.number:03d}"


def _scalar(writer, at, step, tag, value) -> None:
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    writer.write(Event(wall_time=at, step=step, summary=summary).SerializeToString())
