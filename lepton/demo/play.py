"""What is played: two engagements through the loop, or the main job on the user's own images."""

from dataclasses import dataclass, field

from django.conf import settings

from lepton.demo import cast, plan, promise, source, work
from lepton.demo.loop import Loop
from lepton.demo.stage import Stage, open_engagement
from training.engine import backbones

PREFERRED = ("resnet18", "resnet50")


def small(epochs: int, **params) -> dict:
    """Settings of a run that needs no pretrained weights."""
    params |= {"epochs": epochs}
    return {"method": "fine_tune", "backbone": "lepton_small", "params": params}


def whole_loop(home, password, tell) -> list[Loop]:
    """The hospital once round, the factory on into its second iteration."""
    hospital = Stage(source.chests(home), cast.GLOBEX, "Carol", password, tell)
    factory = Stage(source.plates(home), cast.ACME, "Alice", password, tell)
    return [
        Loop(
            hospital,
            [small(10, batch_size=8), small(5, seed=1, batch_size=8)],
            (1, "data_iteration"),
            [small(epochs, batch_size=8) for epochs in (20, 30, 40)],
            waives_load_test=True,
        ),
        Loop(
            factory,
            [small(10), small(6, seed=1), small(8)],
            (2, "poc"),
            [small(epochs) for epochs in (20, 30)],
            flips=True,
            grows_to=9_000,
            drifts=True,
            promotes="shadow",
            reviews=180,
            rounds=3,
        ),
    ]


@dataclass
class MainJob:
    """The main job on a set of the user's own: data, contract, models, endpoint, answers."""

    stage: Stage
    is_repeated: bool = field(default=False, init=False)

    def run(self):
        stage = self.stage
        stage.step("Engagement", open_engagement)
        self.is_repeated = self._is_over()
        if self.is_repeated:
            return self
        stage.step("Import", work.import_images, stage.source.archive, stage.source.splits)
        stage.step("Freeze", work.freeze)
        stage.step("Contract", promise.freeze_and_sign)
        for number, chosen in enumerate(_models(), 1):
            title = backbones.get(chosen["backbone"]).title
            run = stage.step(title, work.train, number, 1, chosen)
            stage.step("Verdict", promise.judge, run["model_version"])
            stage.step("Deploy", work.deploy, run["model_version"])
        if plan.here(stage) == (1, "poc"):
            stage.step("Gate", promise.move_on)
        stage.step("Predictions", work.ask, 12)
        stage.step("Answers", work.answer, 12)
        return self

    def _is_over(self) -> bool:
        """Whether an earlier demo came to the end: somebody answered a prediction."""
        rows = self.stage.manager.rows(f"{self.stage.path}/timeline")
        return any(row["kind"] == "feedback.given" for row in rows)


def main_job(given, home, password, tell) -> list[MainJob]:
    return [MainJob(Stage(source.own(given, home), cast.ACME, "Alice", password, tell))]


def _models() -> list[dict]:
    """Probes where pretrained weights lie, else one network from scratch."""
    folder = settings.LEPTON_WEIGHTS_DIR
    found = [
        {"method": "linear_probe", "backbone": name}
        for name in PREFERRED
        if backbones.weights_available(name, folder)
    ]
    return found or [{"method": "fine_tune", "backbone": "lepton_small"}]
