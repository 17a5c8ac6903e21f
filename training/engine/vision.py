"""The one place that imports torchvision, even where its compiled operators do not fit torch."""

import torch


def _import():
    """Import torchvision. PyPI's wheel is linked against CUDA; beside a CPU build of torch its
    operators do not load and the import dies on registering nms, so that operator is declared
    first.
    Models, transforms and weights work that way; compiled operators stay absent."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _library.append(library)  # the declaration lives as long as this object
        import torchvision
    return torchvision


_library: list = []
torchvision = _import()
models = torchvision.models
