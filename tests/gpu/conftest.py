"""For a machine with a GPU: `CUDA_VISIBLE_DEVICES=0 make test TESTS=tests/gpu`.

All other tests hide GPUs (tests/ground.py): they state what a CPU does to the last bit.
"""

import pytest
import torch


def pytest_collection_modifyitems(items):
    if torch.cuda.is_available():
        return
    for item in items:
        if item.path.is_relative_to(__file__.rpartition("/")[0]):
            item.add_marker(pytest.mark.skip(reason="no GPU is to be seen"))
