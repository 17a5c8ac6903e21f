"""Why a file of an import came out as it did, and what to do about it: kinds put into words."""

from django.utils.translation import gettext_lazy as _

_OS_FILE = _("A file the operating system keeps for itself.")
_RIGHT_LABEL = _("Decide which label is right and upload only that one.")
_CLASS_FOLDER = _("Put it into a folder named after its class, as in scratch/%(file)s.")
_SEND_AGAIN = _("Export it again from where it came from, as JPEG or PNG, and upload it again.")

# kind: (reason, fix)
WORDS = {
    "": ("", ""),
    "changed_bytes": (
        _("The archive is damaged at this file (%(detail)s)."),
        _("Make the zip again and upload it: what is already there is not doubled."),
    ),
    "conflict": (_("The same image is there as “%(label)s”: %(path)s."), _RIGHT_LABEL),
    "corrupt": (_("%(detail)s"), _SEND_AGAIN),
    "decoder_died": (
        _("Decoding it took more memory or time than an image may take."),
        _SEND_AGAIN,
    ),
    "duplicate": (_("Duplicate of %(path)s."), _("Nothing to do: the image is kept once.")),
    "duplicate_moved": (
        _("Duplicate of %(path)s, which took the split and group given here."),
        _("Nothing to do: the image is kept once."),
    ),
    "empty": (_("The file is empty."), _SEND_AGAIN),
    "erased": (
        _("This image was erased for good, as its subject asked."),
        _("Nothing to do: it is not taken in again."),
    ),
    "ignored": (_OS_FILE, _("Nothing to do.")),
    "splits_file": (_("It says where the other files belong."), _("Nothing to do.")),
    "unlabelled": (
        _("It came without a label."),
        _("Label it under Data, Label images: until then no version holds it."),
    ),
    "duplicate_labelled": (
        _("Duplicate of %(path)s, which took the label given here."),
        _("Nothing to do: the image is kept once."),
    ),
    "label_too_long": (
        _("The folder's name has more than 80 characters."),
        _("Give the folder a shorter name."),
    ),
    "no_class": (_("It is in no class folder, so its label is not known."), _CLASS_FOLDER),
    "no_split": (
        _("It is outside the folders train, valid and test."),
        _("Move it into one of them, under a folder named after its class."),
    ),
    "not_an_image": (
        _("This is not an image in a format we know."),
        _("Leave it out, or save it as JPEG or PNG."),
    ),
    "too_heavy": (
        _("The file unpacks to %(megabytes)s MB; the limit is %(limit)s."),
        _("Save it smaller, as JPEG or PNG."),
    ),
    "too_many_pixels": (
        _("The image has more than 25 megapixels."),
        _("Scale it down: models look at far fewer pixels."),
    ),
    "too_small": (
        _("The image is %(width)s × %(height)s pixels; at least 16 a side are needed."),
        _("Send the image in its original size."),
    ),
    "unknown_label": (
        _("“%(label)s” is none of the classes of the requirement (%(classes)s)."),
        _("Rename the folder to one of them, or add the class to the requirement."),
    ),
}


def words(kind: str, params: dict) -> tuple[str, str]:
    """The reason and the fix of a kind, filled in."""
    reason, fix = WORDS[kind]
    return (str(reason) % params, str(fix) % params) if params else (str(reason), str(fix))
