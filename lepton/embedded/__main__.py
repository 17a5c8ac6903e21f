"""Look at or delete what a home keeps: python -m lepton.embedded (status | stop | reset) [HOME]."""

import argparse
from pathlib import Path

from lepton import embedded


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m lepton.embedded", description=__doc__)
    words.add_argument("action", choices=("status", "stop", "reset"))
    words.add_argument("home", nargs="?", default=embedded.default_home())
    words.add_argument("--force", action="store_true", help="reset without asking")
    chosen = words.parse_intermixed_args()
    {"status": status, "stop": stop, "reset": reset}[chosen.action](chosen)


def status(chosen) -> None:
    found = embedded.running(chosen.home) if Path(chosen.home).exists() else {}
    for name in ("postgres", "redis"):
        print(f"{name:10}{f'runs, process {found[name]}' if name in found else 'does not run'}")


def stop(chosen) -> None:
    embedded.stop(chosen.home)


def reset(chosen) -> None:
    """Delete the home and its database, after saying what that is."""
    if not Path(chosen.home).exists():
        return print(f"{chosen.home} does not exist: nothing to delete.")
    print("This deletes the database, all uploaded files and models of this installation:")
    print("\n".join(f"  {path}" for path in embedded.belongings(chosen.home)))
    if not chosen.force and input("Type yes to delete: ").strip().lower() != "yes":
        return print("Nothing was deleted.")
    embedded.reset(chosen.home)
    return print("Deleted.")


if __name__ == "__main__":
    main()
