"""The server that one writes in an afternoon: FastAPI, torchvision's transforms, PyTorch eager.

`python -m benchmarks.serving.reference --backbone resnet18 --port 18498`. It checks no key, counts
no quota and keeps no log; one thread computes a request, as in the data plane.
"""

import argparse
import io
import os

os.environ["OMP_NUM_THREADS"] = "1"

import fastapi
import torch
import uvicorn
from fastapi.concurrency import run_in_threadpool
from PIL import Image

from benchmarks.training.plain import transforms
from training.engine import vision
from training.engine.networks import MEAN, STD

TRANSFORM = transforms.Compose(
    [
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
    ]
)


def application(backbone: str, device: str) -> fastapi.FastAPI:
    """An application with one endpoint, `POST /predict`, whose body is an image."""
    model = vision.models.get_model(backbone, weights=None, num_classes=2).eval().to(device)
    app = fastapi.FastAPI()

    @torch.inference_mode()
    def scores(data: bytes) -> list[float]:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        return model(TRANSFORM(image)[None].to(device)).softmax(1)[0].tolist()

    @app.post("/predict")
    async def predict(request: fastapi.Request):
        data = await request.body()
        return {"scores": await run_in_threadpool(scores, data)}

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--port", type=int, default=18_498)
    parser.add_argument("--device", default="cpu", help='"cuda" for a GPU')
    options = parser.parse_args()
    torch.set_num_threads(1)
    uvicorn.run(
        application(options.backbone, options.device), port=options.port, log_level="warning"
    )


if __name__ == "__main__":
    main()
