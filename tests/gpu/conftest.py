"""For a machine with a GPU: `CUDA_VISIBLE_DEVICES=0 make test TESTS=tests/gpu`.

All other tests hide GPUs (tests/ground.py): they state what a CPU does to the last bit.
"""

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def gpu():
    if not torch.cuda.is_available():
        pytest.skip("no GPU is to be seen")
