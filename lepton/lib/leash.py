"""Start a program under another account, tied to the life of its parent."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def command(argv: list[str], *, account: str | None = None, dies_with: int | None = None):
    """The argument list that runs argv under account; dies_with is sent when the parent dies."""
    # A wrapper program instead of preexec_fn: that one is not safe beside threads.
    options = [account or "", str(int(dies_with or 0)), str(os.getpid())]
    return [sys.executable, "-I", "-S", __file__, *options, *argv]


def die_with_parent(sent: int = signal.SIGKILL) -> None:
    """Ask the kernel to signal this process when its parent ends (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(sent), 0, 0, 0)


def become(account: str) -> None:
    """Give up root for the account, its groups included."""
    import pwd

    entry = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ.update(HOME=entry.pw_dir, USER=account, LOGNAME=account)


def main(account: str, sent: str, parent: str, *argv: str) -> None:
    """Change the account, tie the knot (a changed account would undo it), become the program."""
    if account:
        become(account)
    if int(sent):
        die_with_parent(int(sent))
        if os.getppid() != int(parent):
            sys.exit("The parent process is gone already.")
    os.execvp(argv[0], argv)  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
