"""A model version's tensors back in PyTorch: one classifier, or an ensemble's several."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional

from training.engine import backbones, blend, networks
from training.engine.graph import at_a_place

COUNT = "num_batches_tracked"


class CannotRestore(Exception):
    """The tensors fit no network of the catalogue; the text says why."""


class Restored(nn.Module):
    """What answers, as its graph does: sum(weights[i] * calibrated(member i)).

    Heads on backbones of equal tensors share one of `networks`; `of` says which each of `heads`
    sits on. A single classifier is a member of temperature and weight 1.
    """

    def __init__(self, networks, heads, *, of: list[int], temperatures=(1.0,), weights=(1.0,)):
        super().__init__()
        self.networks, self.heads = nn.ModuleList(networks), nn.ModuleList(heads)
        self.of, self.temperatures, self.weights = of, temperatures, weights

    def probabilities(self, images: Tensor) -> Tensor:
        """Take uint8 [n, 224, 224, 3]; return float32 [n, classes]."""
        features = [network.features(images) for network in self.networks]
        total = 0.0
        members = zip(self.heads, self.of, self.temperatures, self.weights, strict=True)
        for head, place, heat, weight in members:
            given = head(features[place]).float().softmax(1)
            total = total + weight * (given.clamp_min(blend.LEAST).log() / heat).softmax(1)
        return total

    def evidence(self, images: Tensor) -> Tensor:
        """Return what speaks for each class where, float32 [n, classes, height, width], on the
        places of the first member."""
        maps = [network.maps(images).float() for network in self.networks]
        total = 0.0
        for head, place, weight in zip(self.heads, self.of, self.weights, strict=True):
            kernel = at_a_place(head.weight, maps[place].shape[1])
            found = torch.einsum("kc,nchw->nkhw", kernel, maps[place])
            side = found.shape[2:] if isinstance(total, float) else total.shape[2:]
            if found.shape[2:] != side:
                found = functional.interpolate(found, side, mode="bilinear")
            total = total + weight * found
        return total


def restore(file: Path, meta: dict) -> Restored:
    """Build what `meta` describes from its model.safetensors, in eval mode, channels last.

    Raises CannotRestore.
    """
    try:
        with safe_open(file, "pt") as opened:
            return _restored(opened, meta)
    except CannotRestore:
        raise
    except Exception as error:  # safetensors, torch and what meta holds: each fails in its own way
        raise CannotRestore(str(error).partition("\n")[0]) from error


def _restored(opened, meta: dict) -> Restored:
    where = {name: name for name in opened.keys()}  # noqa: SIM118, it cannot be looped over
    where |= json.loads((opened.metadata() or {}).get("same", "{}"))
    names, n_classes = meta["backbone"]["name"].split("+"), len(meta["classes"])
    members = (meta.get("ensemble") or {}).get("members")
    prefixes = [f"members.{n}." for n in range(1, len(members) + 1)] if members else [""]
    known, networks_, heads, of = {}, [], [], []
    for prefix in prefixes:
        own = {key.removeprefix(prefix): at for key, at in where.items() if key.startswith(prefix)}
        model = _classifier(names, n_classes, {key: opened.get_tensor(own[key]) for key in own})
        backbone = tuple(sorted((key, at) for key, at in own.items() if "backbone." in key))
        if backbone not in known:
            known[backbone] = len(networks_)
            networks_.append(model)
        heads.append(model.head)
        of.append(known[backbone])
    blending = _blending(members) if members else {}
    return Restored(networks_, heads, of=of, **blending).eval()


def _blending(members: list[dict]) -> dict:
    return {
        "temperatures": [one["temperature"] for one in members],
        "weights": [one["weight"] for one in members],
    }


def _classifier(names: list[str], n_classes: int, tensors: dict) -> networks.Classifier:
    """The network among `names` that has these tensors."""
    tensors = {key: _scalar(value) if COUNT in key else value for key, value in tensors.items()}
    shapes = {key: value.shape for key, value in tensors.items()}
    for name in names:
        model = networks.build(backbones.get(name), n_classes, weights=None)
        if {key: value.shape for key, value in model.state_dict().items()} == shapes:
            model.load_state_dict(tensors)
            return model
    raise CannotRestore(f"its tensors are not those of {' or '.join(names)}")


def _scalar(value: Tensor) -> Tensor:
    """An ensemble's file holds counts as vectors of length one."""
    return value.reshape(())
