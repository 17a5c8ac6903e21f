"""The calls that do a practical, in curl, Python and JavaScript, with the engagement's own address.

Each runs as it stands where `image.jpg` lies and LEPTON_KEY holds a practice key.
"""

import json
import shlex

CURL_SEND = """\
curl --fail-with-body --silent --show-error {url} \\
  --header "Authorization: Bearer $LEPTON_KEY" \\
  {what}"""
PYTHON_HEAD = """\
import json
import os
import time
import urllib.error
import urllib.request

KEY = {{"Authorization": "Bearer " + os.environ["LEPTON_KEY"]}}


def send(url, data=None, **headers):
    request = urllib.request.Request(url, data=data, headers=KEY | headers)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


"""
JAVASCRIPT_HEAD = """\
// Node.js 18 or later, saved as practice.mjs
import {{ readFile }} from "node:fs/promises";

const key = {{ Authorization: `Bearer ${{process.env.LEPTON_KEY}}` }};
const send = (url, body, headers = {{}}) =>
  fetch(url, {{ method: body ? "POST" : "GET", headers: {{ ...key, ...headers }}, body }});

"""
PYTHON_IMAGE = """\
with open("image.jpg", "rb") as file:
    image = file.read()
"""
JAVASCRIPT_IMAGE = """\
const image = await readFile("image.jpg");
"""

AUTHENTICATED = (
    CURL_SEND.format(url="{endpoint_url}", what="--request GET"),
    PYTHON_HEAD + 'print(send("{endpoint_url}"))',
    JAVASCRIPT_HEAD + 'console.log(await (await send("{endpoint_url}")).json());',
)
ONE_IMAGE = (
    CURL_SEND.format(url="{predict_url}", what="--data-binary @image.jpg"),
    PYTHON_HEAD
    + PYTHON_IMAGE
    + """answer = send("{predict_url}", image)
print(answer["label"], answer["score"], answer["prediction_id"])""",
    JAVASCRIPT_HEAD
    + JAVASCRIPT_IMAGE
    + """const answer = await (await send("{predict_url}", image)).json();
console.log(answer.label, answer.score, answer.prediction_id);""",
)
BATCH = (
    CURL_SEND.format(url="{predict_url}", what="--form images=@image.jpg --form images=@image.jpg"),
    PYTHON_HEAD.replace("import json\n", "import base64\nimport json\n")
    + PYTHON_IMAGE
    + """encoded = base64.b64encode(image).decode()
body = json.dumps({{"images": [encoded, encoded]}}).encode()
for answer in send("{predict_url}", body, **{{"Content-Type": "application/json"}}):
    print(answer["label"], answer["score"])""",
    JAVASCRIPT_HEAD
    + JAVASCRIPT_IMAGE
    + """const encoded = image.toString("base64");
const body = JSON.stringify({{ images: [encoded, encoded] }});
const answers = await send("{predict_url}", body, {{ "Content-Type": "application/json" }});
for (const answer of await answers.json()) console.log(answer.label, answer.score);""",
)
THROTTLE = (
    """\
ask() {{
  curl --silent --output answer.json --dump-header head.txt --write-out '%{{http_code}}' \\
    --header "Authorization: Bearer $LEPTON_KEY" --data-binary @image.jpg {predict_url}
}}
while [ "$(ask)" != 429 ]; do :; done
seconds=$(sed -n 's/^[Rr]etry-[Aa]fter: *\\([0-9]*\\).*/\\1/p' head.txt)
echo "Refused: waiting $seconds s, as Retry-After says"
sleep "$seconds"
echo "Answered with $(ask)\"""",
    PYTHON_HEAD
    + PYTHON_IMAGE
    + """while True:
    try:
        send("{predict_url}", image)
    except urllib.error.HTTPError as refused:
        if refused.code != 429:
            raise
        seconds = int(refused.headers["Retry-After"])
        break
print("Refused: waiting", seconds, "s, as Retry-After says")
time.sleep(seconds)
print(send("{predict_url}", image)["label"])""",
    JAVASCRIPT_HEAD
    + JAVASCRIPT_IMAGE
    + """let response;
do response = await send("{predict_url}", image);
while (response.status !== 429);
const seconds = Number(response.headers.get("Retry-After"));
console.log(`Refused: waiting ${{seconds}} s, as Retry-After says`);
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
console.log((await (await send("{predict_url}", image)).json()).label);""",
)
REPLAYED = (
    """\
once="practice-$(date +%s)"
for time in first second; do
  curl --fail-with-body --silent --show-error {predict_url} \\
    --header "Authorization: Bearer $LEPTON_KEY" --header "Idempotency-Key: $once" \\
    --data-binary @image.jpg
done""",
    PYTHON_HEAD
    + PYTHON_IMAGE
    + """once = {{"Idempotency-Key": "practice-" + str(time.time())}}
for _ in range(2):
    print(send("{predict_url}", image, **once)["prediction_id"])""",
    JAVASCRIPT_HEAD
    + JAVASCRIPT_IMAGE
    + """const once = {{ "Idempotency-Key": `practice-${{Date.now()}}` }};
for (let time = 0; time < 2; time += 1)
  console.log((await (await send("{predict_url}", image, once)).json()).prediction_id);""",
)


def _said(verdict_sh, verdict_python, verdict_javascript):
    """Ask once, and say of the answer what `verdict_…` (JSON) says."""
    return (
        """\
answer=$(curl --fail-with-body --silent --show-error {predict_url} \\
  --header "Authorization: Bearer $LEPTON_KEY" --data-binary @image.jpg)
id=$(printf '%s' "$answer" | sed 's/.*"prediction_id": *"\\([^"]*\\)".*/\\1/')
"""
        + verdict_sh
        + """
curl --fail-with-body --silent --show-error "{feedback_url}/$id/feedback" \\
  --header "Authorization: Bearer $LEPTON_KEY" \\
  --header "Content-Type: application/json" --data "$said\"""",
        PYTHON_HEAD
        + PYTHON_IMAGE
        + 'answer = send("{predict_url}", image)\n'
        + verdict_python
        + """
url = "{feedback_url}/" + answer["prediction_id"] + "/feedback"
print(send(url, json.dumps(said).encode(), **{{"Content-Type": "application/json"}}))""",
        JAVASCRIPT_HEAD
        + JAVASCRIPT_IMAGE
        + 'const answer = await (await send("{predict_url}", image)).json();\n'
        + verdict_javascript
        + """
const url = `{feedback_url}/${{answer.prediction_id}}/feedback`;
const headers = {{ "Content-Type": "application/json" }};
console.log(await (await send(url, JSON.stringify(said), headers)).json());""",
    )


FEEDBACK = _said(
    'said=\'{{"verdict": "confirm"}}\'',
    'said = {{"verdict": "confirm"}}',
    'const said = {{ verdict: "confirm" }};',
)
CORRECTED = _said(
    """\
label=$(printf '%s' "$answer" | \\
  sed -E 's/.*"prediction_id": *"[^"]*", *"label": *("([^"\\\\]|\\\\.)*").*/\\1/')
[ "$label" = {label_in_shell} ] && right={other_in_shell} || right={label_in_shell}
said='{{"verdict": "correct", "label": '$right'}}'""",
    """\
right = {other_in_code} if answer["label"] == {label_in_code} else {label_in_code}
said = {{"verdict": "correct", "label": right}}""",
    """\
const right = answer.label === {label_in_code} ? {other_in_code} : {label_in_code};
const said = {{ verdict: "correct", label: right }};""",
)
SNIPPETS = {
    "practice.authenticated": AUTHENTICATED,
    "practice.one_image": ONE_IMAGE,
    "practice.batch": BATCH,
    "practice.throttle": THROTTLE,
    "practice.replayed": REPLAYED,
    "practice.feedback": FEEDBACK,
    "practice.corrected": CORRECTED,
}
LANGUAGES = ("curl", "Python", "JavaScript")


def of(key: str, words: dict) -> list[dict]:
    """Return the calls that do a practical for `_snippets.html`; `words` are of places.words."""
    codes, facts = SNIPPETS.get(key, ()), words | _quoted(words)
    return [
        {"name": name, "code": code.format(**facts)}
        for name, code in zip(LANGUAGES, codes, strict=False)
    ]


def _quoted(words) -> dict[str, str]:
    """The two labels as literals: JSON for the shell, and what Python and JavaScript both read."""
    labels = {"label": words["label"], "other": words["other_label"]}
    shell = {f"{name}_in_shell": shlex.quote(json.dumps(text)) for name, text in labels.items()}
    code = {
        f"{name}_in_code": json.dumps(text, ensure_ascii=False) for name, text in labels.items()
    }
    return shell | code
