"""The broker and the running processes."""

import socket

import redis
from django.conf import settings
from django.utils.translation import gettext as _

from lepton.celery import app
from lepton.supervisor.probe import answers
from lepton.supervisor.single import is_held

from .finding import Finding

QUEUES = sorted({route["queue"] for route in settings.CELERY_TASK_ROUTES.values()})


def broker():
    try:
        with redis.from_url(
            settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2
        ) as client:
            version = client.info("server")["redis_version"]
            policy = client.info("memory").get("maxmemory_policy", "noeviction")
    except redis.RedisError as error:
        yield Finding.problem("Redis", error, _("Start it, or check REDIS_URL."))
        return
    if policy == "noeviction":
        yield Finding.ok("Redis", version)
    else:
        found = _("%(version)s may throw away messages (%(policy)s)")
        mend = "redis-cli config set maxmemory-policy noeviction"
        yield Finding.warning("Redis", found % {"version": version, "policy": policy}, mend)


def servers():
    """Site and data plane: do they answer, or is their port free for them?"""
    places = {
        _("Site"): ("LEPTON_PORT", settings.LEPTON_PORT),
        _("Data plane"): ("LEPTON_INFERENCE_PORT", settings.LEPTON_INFERENCE_PORT),
    }
    for subject, (setting, port) in places.items():
        address = f"{settings.LEPTON_HOST}:{port}"
        if answers(settings.LEPTON_HOST, port, settings.ALLOWED_HOSTS)():
            yield Finding.ok(subject, _("answers on %s") % address)
        elif is_held(settings.LEPTON_HOME):
            mend = _("See %s.") % (settings.LEPTON_HOME / "log" / "lepton.log")
            yield Finding.problem(subject, _("runs, but does not answer on %s") % address, mend)
        elif free(settings.LEPTON_HOST, port):
            yield Finding.ok(subject, _("does not run; %s is free") % address)
        else:
            mend = _("Stop the program that uses it, or set %s.") % setting
            yield Finding.problem(subject, _("another program uses %s") % address, mend)


def free(host: str, port: int) -> bool:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, port), family=family).close()
    except OSError:
        return False
    return True


def workers():
    """Every queue needs a worker that answers; without `up` there is none to ask."""
    if not is_held(settings.LEPTON_HOME) and not settings_name_outside_broker():
        yield Finding.ok(_("Workers"), _("do not run (start them with `make run`)"))
        return
    replies = app.control.inspect(timeout=2).active_queues() or {}
    for queue in QUEUES:
        names = [name for name, has in replies.items() if queue in {one["name"] for one in has}]
        subject = _("Worker %s") % queue
        if names:
            yield Finding.ok(subject, ", ".join(sorted(names)))
        else:
            mend = f"celery -A lepton worker -c 1 -Q {queue} -n {queue}@%h"
            yield Finding.problem(subject, _("none answers"), mend)


def settings_name_outside_broker() -> bool:
    return not settings.REDIS_URL.startswith("unix:")


CHECKS = (broker, servers, workers)
