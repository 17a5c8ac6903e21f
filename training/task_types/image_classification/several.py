"""One fine-tuning on several devices of this machine: torchrun starts a process for each.

The worker prepares everything (weights, probe, decoded images) and writes task.json; each process
(`python -m training.task_types.image_classification.several FOLDER`) builds the same network and
batches from it. The best weights come back in the checkpoint.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from training.engine import device, fit, networks, torchrun
from training.engine.rank import Rank, take_part
from training.engine.state import State
from training.task_types.data import Row, TrainingData
from training.task_types.image_classification import tuning
from training.task_types.image_classification.work import Work
from training.task_types.params import from_dict, to_dict

TASK, HEAD = "task.json", "head.safetensors"


def count(work: Work) -> int:
    """How many processes take part: one for each device, as far as the batch goes round."""
    return device.taking_part(work.beside.devices, work.params.batch_size)


def tuned(work: Work, model: networks.Classifier) -> tuple[State, dict]:
    """Tune `model` in count(work) processes; it has its best weights then, on the CPU.

    Raises Stopped, TrainingFailed, and torchrun.RankLost where a process died.
    """
    tuning.prepare(work, model)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # the processes need what the probe's features took
    folder = work.work_dir / "ranks"
    folder.mkdir(parents=True, exist_ok=True)
    _write_task(work, model, folder)
    found = torchrun.carry_out(__name__, folder, count(work), **work.listeners)
    moving = networks.moving(model, unfreeze=tuning.unfreeze(work))
    return fit.finished(tuning.checkpoint_of(work), work.identity(), moving), found


def _write_task(work, model, folder) -> None:
    facts = ("sha256", "label", "split", "group", "target")
    task = {
        "method": work.method,
        "params": to_dict(work.params),
        "classes": work.data.classes,
        "rows": [{name: getattr(row, name) for name in facts} for row in work.data.rows],
        "pretrained": work.pretrained,
    }
    folders = ("weights_dir", "work_dir", "cache_dir")
    task |= {name: str(getattr(work, name).resolve()) for name in folders}
    (folder / TASK).write_text(json.dumps(task))
    head = {name: value.detach().clone() for name, value in model.head.named_parameters()}
    save_file(head, folder / HEAD)


def _take_part(rank: Rank) -> dict:
    """Train beside the others; the first leaves the best weights in the checkpoint."""
    work = _read_task(rank)
    model = work.build()
    head = load_file(rank.folder / HEAD)
    model.set_head(head["weight"], head["bias"])
    session = tuning.session(work, model.to(rank.device), rank.ranks)
    session.run()
    session.save()
    return tuning.found(session) | {"devices": rank.ranks.count}


def _read_task(rank: Rank) -> Work:
    task = json.loads((rank.folder / TASK).read_text())
    folders = [Path(task[name]) for name in ("weights_dir", "work_dir", "cache_dir")]
    weights_dir, work_dir, cache_dir = folders
    return Work(
        TrainingData(task["classes"], [_row(one) for one in task["rows"]]),
        from_dict(task["method"], task["params"]),
        task["method"],
        weights_dir,
        task["pretrained"],
        work_dir,
        cache_dir,
        **rank.listeners,
    )


def _row(facts: dict) -> Row:
    """Without its pixels, which were decoded before."""
    target = None if facts["target"] is None else tuple(facts["target"])
    return Row(**facts | {"source": _decoded_before, "target": target})


def _decoded_before() -> bytes:
    raise AssertionError("A rank reads no image: the worker has decoded all of them.")


if __name__ == "__main__":
    take_part(Path(sys.argv[1]), _take_part)
