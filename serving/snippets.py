"""How to call an endpoint, in three languages, printed so that it runs as it stands."""

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


def snippets(url: str) -> list[dict]:
    """Return the calls for `_snippets.html`."""
    return [
        {"name": _("curl"), "code": CURL.format(url=url)},
        {"name": _("Python"), "code": PYTHON.format(url=url)},
        {"name": _("JavaScript"), "code": JAVASCRIPT.format(url=url)},
    ]
