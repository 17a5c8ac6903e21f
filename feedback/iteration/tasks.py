"""What wakes a worker for data iterations: a task without content; the rows say what is due."""

from celery import shared_task


@shared_task(ignore_result=True)
def wake_data_iterations():
    """Take every data iteration that is due as far as it goes."""
    from feedback.iteration import work  # only a worker needs it

    work.work_off()
