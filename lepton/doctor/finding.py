"""One line of the doctor's report."""

from dataclasses import asdict, dataclass

OK, WARNING, PROBLEM = "ok", "warning", "problem"


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what mends it."""

    subject: str
    status: str
    found: str
    mend: str = ""

    @classmethod
    def ok(cls, subject, found) -> "Finding":
        return cls(str(subject), OK, str(found))

    @classmethod
    def warning(cls, subject, found, mend="") -> "Finding":
        return cls(str(subject), WARNING, str(found), str(mend))

    @classmethod
    def problem(cls, subject, found, mend="") -> "Finding":
        return cls(str(subject), PROBLEM, str(found), str(mend))

    def as_dict(self) -> dict[str, str]:
        return asdict(self)
