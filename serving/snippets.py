"""How to call an endpoint, by language and client, printed so that it runs as it stands."""

from django.utils.translation import gettext as _

CURL = """\
curl --fail-with-body {url} \\
  --header "Authorization: Bearer $LEPTON_KEY" \\
  --data-binary @image.jpg"""
PYTHON = """\
import json
import os
import urllib.request

with open("image.jpg", "rb") as image:
    request = urllib.request.Request(
        "{url}",
        data=image.read(),
        headers={{"Authorization": "Bearer " + os.environ["LEPTON_KEY"]}},
    )
with urllib.request.urlopen(request) as response:
    answer = json.load(response)
print(answer["label"], answer["score"], answer["prediction_id"])"""
JAVASCRIPT = """\
// Node.js 18 or later, saved as predict.mjs
import {{ readFile }} from "node:fs/promises";

const response = await fetch("{url}", {{
  method: "POST",
  headers: {{ Authorization: `Bearer ${{process.env.LEPTON_KEY}}` }},
  body: await readFile("image.jpg"),
}});
const answer = await response.json();
console.log(response.ok ? `${{answer.label}} ${{answer.score}}` : answer.error);"""
JAVA = """\
// Java 11 or later, saved as Predict.java and run with: java Predict.java
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;

public class Predict {{
    public static void main(String[] arguments) throws Exception {{
        HttpRequest request = HttpRequest.newBuilder(URI.create("{url}"))
            .header("Authorization", "Bearer " + System.getenv("LEPTON_KEY"))
            .POST(HttpRequest.BodyPublishers.ofFile(Path.of("image.jpg")))
            .build();
        HttpResponse<String> answer = HttpClient.newHttpClient()
            .send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode() + " " + answer.body());
    }}
}}"""

OPEN_INFERENCE = """\
# pip install "tritonclient[http]"
import os

import numpy as np
import tritonclient.http as triton

with open("image.jpg", "rb") as file:
    images = np.array([file.read()], dtype=np.object_)
image = triton.InferInput("image", [1], "BYTES").set_data_from_numpy(images)
with triton.InferenceServerClient("{address}"{tls}) as client:
    headers = {{"Authorization": "Bearer " + os.environ["LEPTON_KEY"]}}
    answer = client.infer("{model}", [image], headers=headers)
print(answer.as_numpy("label"), answer.as_numpy("scores"), answer.as_numpy("prediction_id"))"""
HUGGING_FACE = """\
# pip install huggingface_hub
import os

from huggingface_hub import InferenceClient

client = InferenceClient(model="{endpoint}", token=os.environ["LEPTON_KEY"])
print(client.image_classification("image.jpg"))"""


def snippets(url: str) -> list[dict]:
    """Return the calls for `_snippets.html`; `url` is the endpoint's, with /predict at its end."""
    endpoint = url.removesuffix("/predict")
    scheme, _separator, address = endpoint.partition("://")
    tls = ", ssl=True" if scheme == "https" else ""
    model = endpoint.rpartition("/")[2]
    return [
        {"name": _("curl"), "code": CURL.format(url=url)},
        {"name": _("Python"), "code": PYTHON.format(url=url)},
        {"name": _("JavaScript"), "code": JAVASCRIPT.format(url=url)},
        {"name": _("Java"), "code": JAVA.format(url=url)},
        {
            "name": _("Open Inference"),
            "code": OPEN_INFERENCE.format(address=address, model=model, tls=tls),
        },
        {"name": _("Hugging Face"), "code": HUGGING_FACE.format(endpoint=endpoint)},
    ]
