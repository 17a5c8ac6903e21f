"""The dialect of Hugging Face's inference clients: an image in, labels with scores out."""

from django.utils.translation import gettext as _

from serving.asks import Answer
from serving.protocols import Question, Reply, Request, Sent, reading
from serving.refusals import bad_field
from serving.system import Wanted

TOP_K = 5  # what their pipelines answer when nobody says otherwise
PARAMETERS = ("function_to_apply", "top_k")


def question(request: Request) -> Question:
    """Read a request: the image itself, or JSON with `inputs`. Raises Refused: 415, 422."""
    reading.refuse_encoding(request)
    kind, parameters = reading.kind_of(request)
    if kind == b"multipart/form-data":
        raise reading.unread(_("Forms are not read here: send the image's bytes, or JSON."))
    if not reading.is_json(kind) and request.body[:1] != b"{":
        return Question([Sent(reading.image_of(request.body, "inputs"), "inputs")], TOP_K)
    reading.refuse_charset(parameters)
    document = reading.json_object(request.body, member="inputs")
    options = document.get("parameters")
    if not isinstance(options, dict | None):
        raise bad_field("parameters", _("must be an object."))
    options = options or {}
    reading.refuse_unknown(options, PARAMETERS)
    if options.get("function_to_apply") not in (None, "softmax"):
        raise bad_field("function_to_apply", _("The scores are probabilities: only softmax fits."))
    inputs = document.get("inputs", b"")
    is_list = isinstance(inputs, list)
    return Question(_images(inputs), reading.top_k_of(options.get("top_k")) or TOP_K, form=is_list)


def _images(inputs) -> list[Sent]:
    if not isinstance(inputs, list):
        return [Sent(reading.image_of(inputs, "inputs"), "inputs")]
    reading.refuse_count(len(inputs), "inputs")
    named = [(one, f"inputs[{number}]") for number, one in enumerate(inputs)]
    return [Sent(reading.image_of(one, name), name) for one, name in named]


def reply(answers: list[Answer], asked: Question, _wanted: Wanted) -> Reply:
    """Word the answers: a list of labels, or for a list of images a list of such lists."""
    ranked = [answer.ranked(asked.top_k) for answer in answers]
    return reading.as_json(ranked if asked.form else ranked[0])
