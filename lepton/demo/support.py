"""The demo's support ticket: the customer asks, the vendor answers, and it is settled."""

SUBJECT = "Which score is sure enough?"
QUESTION = "Our people ask from which score on they may pass a part without looking themselves."
ANSWER = (
    "The page of the model shows it: choose a class and move the threshold, and you see how many"
    " it finds and misses, and what that costs by the figures of your requirement."
)


def ask_and_answer(stage):
    """The customer opens a ticket, Mei answers it, and the customer notes that it helped; once."""
    path = f"{stage.path}/tickets"
    there = [row for row in stage.customer.rows(path) if row["subject"] == SUBJECT]
    if there:
        return there[0], f"ticket #{there[0]['number']} (there already)"
    ticket = stage.customer.post(path, subject=SUBJECT, text=QUESTION, severity="low")
    stage.manager.post(f"tickets/{ticket['id']}/messages", text=ANSWER)
    done = stage.customer.post(f"tickets/{ticket['id']}/resolve")
    return done, f"ticket #{done['number']} asked, answered and resolved"
