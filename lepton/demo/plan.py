"""What is planned in a phase: each side does what it owes, milestones are reached and rated."""


def do_items(stage):
    """Whoever owes an open action item of this phase does it, in the order they wait in."""
    done = []
    while ready := _ready(stage):
        for item in ready:
            person = stage.customer if item["side"] == "customer" else stage.manager
            person.post(f"{stage.path}/action-items/{item['id']}/done")
            done.append(item["title"])
    return done, f"{len(done)} done: {', '.join(done)}" if done else "nothing to do"


def reach_milestones(stage, score: int, comment: str):
    """Mei notes that the milestones of this phase are reached; the customer rates them."""
    place = here(stage)
    told = []
    for row in stage.manager.rows(f"{stage.path}/milestones"):
        path = f"{stage.path}/milestones/{row['id']}"
        if (row["iteration"], row["phase"]) != place:
            continue
        if row["reached_at"] is None:
            stage.manager.post(f"{path}/reach")
        if not row["ratings"]:
            stage.customer.post(f"{path}/rate", score=score, comment=comment)
        told.append(f"“{row['title']}” reached, rated {score} of 5")
    return told, ", ".join(told) or "none in this phase"


def decide(stage, title, reason):
    """Mei writes a decision down, once."""
    path = f"{stage.path}/decisions"
    if all(row["title"] != title for row in stage.manager.rows(path)):
        stage.manager.post(path, title=title, reason=reason)
    return None, title


def hand_over(stage, title, text):
    """Mei adds a document, once."""
    path = f"{stage.path}/documents"
    if all(row["title"] != title for row in stage.manager.rows(path)):
        files = {"file": ("how-to-ask.txt", text.encode(), "text/plain")}
        stage.manager.send(path, files, title=title)
    return None, f"“{title}” added"


def _ready(stage) -> list[dict]:
    rows = stage.manager.rows(f"{stage.path}/action-items")
    open_ = {row["id"] for row in rows if not row["done_at"] and not row["dropped_at"]}
    place = here(stage)
    return [
        row
        for row in rows
        if row["id"] in open_
        and (row["iteration"], row["phase"]) == place
        and not open_ & set(row["needs"])
    ]


def here(stage) -> tuple[int, str]:
    """The iteration and the phase the engagement is in."""
    row = stage.manager.get(stage.path)
    return row["iteration"], row["phase"]
