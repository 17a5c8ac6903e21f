"""The limited process that decodes strangers' images: bytes in, bytes out, nothing else.

Frames on stdin and stdout: a 4-byte length and that many bytes. In: an image file. Out: one frame
of JSON ([kind, params, ending, width, height, looks]) and one of the bytes to store. Before all
comes READY: whoever does not hear it reads on stderr why.
"""

import json
import os
import resource
import sys

from training.datasets.clean import clean

READY = b"+"
ADDRESS_BYTES = 1024**3
CPU_SECONDS = 20  # for one image


def limit() -> None:
    """Give up memory, files and processes beyond what decoding one image takes."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))


def grant_cpu() -> None:
    """Allow CPU_SECONDS more than were used so far; past that the kernel ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def serve(source, sink) -> None:
    """Answer frames until the other side closes."""
    while len(head := source.read(4)) == 4:
        grant_cpu()
        *facts, data = clean(source.read(int.from_bytes(head)))
        for frame in (json.dumps(facts).encode(), data):
            sink.write(len(frame).to_bytes(4))
            sink.write(frame)
        sink.flush()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    limit()
    answers.write(READY)
    answers.flush()
    for stream in (1, 2):  # whatever a library prints does not get between the frames
        os.dup2(nowhere, stream)
    serve(sys.stdin.buffer, answers)
