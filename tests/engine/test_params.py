"""Settings are checked by name, and their metadata is enough to build a form."""

import subprocess
import sys
from dataclasses import fields

import pytest

from tests.engine.pictures import row
from training.engine import backbones
from training.task_types import advice, params, settings
from training.task_types.data import TrainingData


@pytest.mark.parametrize("method", params.METHODS)
def test_an_unknown_setting_is_refused_by_name(method):
    with pytest.raises(ValueError, match=r"^dropout: unknown"):
        params.from_dict(method, {"dropout": 0.5})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("backbone", "vgg16"),
        ("backbone", 3),
        ("views", 3),
        ("l2", -1),
        ("epochs", 0),
        ("epochs", 2.5),
        ("epochs", "many"),
        ("epochs", None),
        ("epochs", True),
        ("learning_rate", float("nan")),
        ("seed", -1),
        ("unfreeze", "most"),
        ("augmentation", "wild"),
        ("batch_size", float("inf")),
        ("label_smoothing", 0.9),
    ],
)
def test_an_invalid_setting_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=rf"^{name}: "):
        params.from_dict("fine_tune", {name: value})


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match=r"^method: "):
        params.from_dict("boosting", {})


def test_form_texts_become_numbers():
    got = params.from_dict("fine_tune", {"epochs": "12", "learning_rate": "1e-3", "l2": None})
    assert (got.epochs, got.learning_rate, got.l2) == (12, 1e-3, None)


@pytest.mark.parametrize("method", params.METHODS)
def test_settings_survive_the_way_through_json(method):
    changed = {"weights": "fitted"} if method == "ensemble" else {"seed": 5}
    got = params.from_dict(method, changed)
    assert params.from_dict(method, params.to_dict(got)) == got


@pytest.mark.parametrize("method", params.METHODS)
def test_every_setting_says_what_a_form_needs(method):
    for item in fields(params.METHODS[method]):
        assert item.metadata["label"]
        assert item.metadata["help"].endswith(".")
        limits = {"choices", "versions"} & set(item.metadata)
        assert limits or {"min", "max"} <= set(item.metadata)


@pytest.mark.parametrize("method", ["linear_probe", "fine_tune"])
def test_what_a_search_may_draw_is_what_the_setting_allows(method):
    kind = params.METHODS[method]
    space = settings.searched(kind, method)
    assert len(space) >= 3
    for name, how in space.items():
        ends = how.choices if isinstance(how, settings.AnyOf) else (how.low, how.high)
        for value in ends:
            assert getattr(params.from_dict(method, {name: value}), name) == value


def test_a_probe_and_a_fine_tuning_are_searched_in_their_own_settings():
    probe, tune = (
        set(settings.searched(params.METHODS[name], name)) for name in ("linear_probe", "fine_tune")
    )
    assert probe == {"backbone", "views", "l2"}
    assert "learning_rate" in tune and not {"l2", "views", "epochs", "seed"} & tune


def test_a_network_from_scratch_brings_its_own_defaults_which_the_user_may_change():
    assert params.from_dict("fine_tune", {"backbone": "lepton_small"}).unfreeze == "all"
    assert params.from_dict("fine_tune", {"backbone": "lepton_small", "epochs": 3}).epochs == 3


@pytest.mark.parametrize(
    ("facts", "method", "backbone"),
    [
        ({"n_train": 244, "n_classes": 2}, "linear_probe", "resnet18"),
        ({"n_train": 20, "n_classes": 2, "device": "cuda"}, "linear_probe", "resnet18"),
        ({"n_train": 5000, "n_classes": 4, "device": "cuda"}, "fine_tune", "resnet50"),
        ({"n_train": 240, "n_classes": 4, "pretrained": False}, "fine_tune", "lepton_small"),
    ],
)
def test_the_recommendation_suits_the_data_and_gives_its_reason(facts, method, backbone):
    got, chosen, reason = advice.defaults_for(**facts)
    assert (got, chosen.backbone) == (method, backbone)
    assert reason.endswith(".")


def test_test_rows_are_refused():
    with pytest.raises(ValueError, match="'test' row"):
        TrainingData(["a", "b"], [row(0, 1), row(1, 1, "test")])


def test_labels_outside_the_classes_are_refused():
    with pytest.raises(ValueError, match="label 1"):
        TrainingData(["a"], [row(1, 1)])


def test_the_fingerprint_follows_labels_splits_and_groups():
    base = [row(0, 1), row(1, 2)]
    prints = {
        TrainingData(["a", "b"], rows).fingerprint()
        for rows in (
            base,
            [base[0]],
            [row(0, 1), row(1, 2, "valid")],
            [row(0, 1), row(1, 2, "train", "p")],
        )
    }
    assert len(prints) == 4
    assert TrainingData(["a", "b"], list(base)).fingerprint() in prints


def test_forms_and_serving_need_no_torch():
    modules = [
        "training.task_types",
        "training.task_types.params",
        "training.engine.backbones",
        "training.engine.preprocess",
        "training.engine.artifact",
        "training.engine.graph",
        "training.engine.features",
        "training.engine.probe",
        "training.engine.evaluate",
    ]
    code = (
        f"import sys, {', '.join(modules)}; print('torch' in sys.modules, 'django' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_catalogue_names_the_known_backbones_when_asked_for_another():
    with pytest.raises(ValueError, match="resnet50"):
        backbones.get("resnet51")
