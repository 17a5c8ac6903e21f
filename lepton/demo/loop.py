"""One engagement through the whole loop: a method per phase, each says what is done in it."""

from dataclasses import dataclass
from functools import partial

from lepton.demo import drift, enablement, golive, money, plan, promise, support, work
from lepton.demo import iteration as iteration_steps
from lepton.demo.stage import Stage, open_engagement

SMALL = ("lepton_small", "fine_tune", "It needs no weights from elsewhere and answers in time.")
NO_LOAD_TEST = "One radiologist sends one picture after the other: there is no load to test."
PREDICTIONS = 30
ANSWERS = 24
MORE_REVIEWS = 60
GUIDE = """How to ask for an answer

Send one image to the address of the endpoint with your API key. The answer names the class,
how sure the model is, and an id: say with that id whether the answer was right.
"""


@dataclass
class Loop:
    """Plays `stage` on until the round `until` has come to its phase, and does what is due there.

    `settings` are those of the first, the second and the third run.
    """

    stage: Stage
    settings: list[dict]
    until: tuple[int, str]
    longer: list[dict]  # what is tried in turn where the first run's model does not pass
    flips: bool = False
    waives_load_test: bool = False
    grows_to: int | None = None  # images a day, by a change request
    drifts: bool = False  # what the camera sees shifts for a while
    promotes: str = "manual"  # the policy of the data iteration
    reviews: int = 40  # predictions drawn for people to look at
    rounds: int = 1  # of data iteration at most, until a challenger wins
    is_repeated: bool = False

    def run(self):
        stage = self.stage
        stage.step("Engagement", open_engagement, "full-loop")
        self.is_repeated = self._is_over()
        while not self.is_repeated:
            here = plan.here(self.stage)
            getattr(self, here[1])(here[0])
            if here == self.until:
                return self
            stage.step("Action items", plan.do_items)
            if stage.step("Gate", promise.move_on) is None:
                return self
        return self

    def poc(self, iteration):
        """Data in, the promise frozen and signed before anything is trained, a first model."""
        stage = self.stage
        if iteration == 1:
            stage.step("Requirement", promise.sign_requirement)
            stage.step("Price", money.set_prices)
            stage.step("Hours", money.note_hours, "3", "Kick-off")
            stage.step("Import", work.import_images, stage.source.archive)
            stage.step("Freeze", work.freeze)
            stage.step("Contract", promise.freeze_and_sign)
            stage.step("Selection", work.choose_model, *SMALL)
        model = self.train("First model" if iteration == 1 else "Next model", 1, iteration)
        verdict = stage.step("Verdict", promise.judge, model)
        if iteration == 1 and verdict["outcome"] != "pass":
            self._train_until_one_passes()
        stage.step("Milestone", plan.reach_milestones, 4, "A good start, and on time.")

    def _train_until_one_passes(self):
        """How good a network from nothing becomes differs between kinds of CPU: go on, longer."""
        for number, chosen in enumerate(self.longer, 2):
            run = self.stage.step("Another model", work.train, number, 1, chosen)
            verdict = self.stage.step("Verdict", promise.judge, run["model_version"])
            if verdict["outcome"] == "pass":
                return

    def fine_tuning(self, iteration):
        """A second model; where it does not pass, the one that did is what is offered."""
        stage = self.stage
        self.train("First model", 1)
        second = self.train("Second model", 2)
        verdict = stage.step("Verdict", promise.judge, second)
        if verdict["outcome"] != "pass":
            stage.step("Verdict", promise.judge, promise.accepted(stage))
        stage.step("Approval", work.approve, promise.accepted(stage))
        self.stage.step(
            "Decision",
            plan.decide,
            "The model that passed goes to production",
            "It is judged on images that nobody trained on, and its whole interval lies on the"
            " target or above it.",
        )
        stage.step("Milestone", plan.reach_milestones, 5, "It finds what we look for.")

    def deployment(self, iteration):
        """The accepted model gets an address."""
        self.stage.step("Deploy", work.deploy, promise.accepted(self.stage))

    def monitoring(self, iteration):
        """The customer's program asks, and the traffic is watched."""
        self.stage.step("Predictions", work.ask, PREDICTIONS - 10)
        self.stage.step("Alert rules", drift.be_watched)

    def customer_training(self, iteration):
        """The customer learns to ask for themselves, with a guide."""
        self.stage.step("Hours", money.note_hours, "2", "Training")
        self.stage.step("Document", plan.hand_over, "How to ask for an answer", GUIDE)
        self.stage.step("Ticket", support.ask_and_answer)
        self.stage.step("Predictions", work.ask, PREDICTIONS - 4)
        self.stage.step("Operator", enablement.train_operator)
        self.stage.step("Integrator", enablement.train_integrator)
        self.stage.step("Session", enablement.book_session)

    def go_live(self, iteration):
        """Load and rolling back are tried, both sides sign; one signature goes missing."""
        stage = self.stage
        good = promise.accepted(stage)
        others = {self.train("First model", 1), self.train("Second model", 2)} - {good}
        if promise.lacks(stage, "serving.rolled_back"):
            for other in golive.may_answer(stage, others):
                stage.step("Another model", work.deploy, other)
        stage.step("Accepted model", work.deploy, good)
        if self.waives_load_test:
            stage.step("Waiver", promise.waive, "serving.load_tested", NO_LOAD_TEST)
        else:
            stage.step("Load test", golive.load_test)
        stage.step("Rollback drill", golive.drill)
        stage.step("Go-live", promise.sign, "go_live")
        stage.step("Go-live pack", golive.pack)
        stage.step("Bundle", golive.bundle, good)
        stage.step("Milestone", plan.reach_milestones, 5, "Live on the day we agreed on.")
        if self.flips:
            stage.step("Action items", plan.do_items)
            stage.step("Flip a fact", promise.flip_a_fact)
            stage.step("Gate", promise.see_it_refused)
            stage.step("Sign again", promise.sign, "go_live")

    def optimisation(self, iteration):
        """Enough answers are confirmed or corrected to know the accuracy in use."""
        self.stage.step("Answers", work.answer, ANSWERS)
        self.stage.step("Recommendation", enablement.recommend)

    def feedback(self, iteration):
        """The customer tells more of what they see."""
        self.stage.step("Predictions", work.ask, PREDICTIONS)
        self.stage.step("Answers", work.answer, PREDICTIONS)
        if self.drifts:
            self.stage.step("Drift", drift.come_and_go)
        if self.grows_to:
            change = partial(promise.change_requirement, volume_per_day=self.grows_to)
            self.stage.step("Change request", change, "A second rolling line starts in spring.")

    def data_iteration(self, iteration):
        """New pictures are reviewed, become data and a challenger, which is judged."""
        stage = self.stage
        stage.step("Live requests", iteration_steps.live_requests)
        stage.step("Review", iteration_steps.review, self.reviews)
        done = stage.step("Data iteration", iteration_steps.iterate, self.promotes)
        for _round in range(self.rounds - 1):
            if done["state"] == "kept":
                done = stage.step("Another round", iteration_steps.go_round_again, MORE_REVIEWS)
        if self.drifts and done["state"] == "promoted":
            stage.step("Since", iteration_steps.since)
        stage.step("Corrections", iteration_steps.fates)
        stage.step("Counted again", iteration_steps.count_again)

    def train(self, title, number, iteration=1) -> str:
        """Train (or find) a model version and return its id."""
        chosen = self.settings[number - 1 if iteration == 1 else -1]
        if iteration > 1:  # the newest, of a data iteration where there was one
            number = max(len(self.settings), len(work.kept_runs(self.stage)))
        return self.stage.step(title, work.train, number, iteration, chosen)["model_version"]

    def _is_over(self) -> bool:
        """Whether an earlier demo did all of it."""
        return plan.here(self.stage) == self.until and work.is_done(self.stage, self.until[0])
