"""Every "no" of the process: its name (reasons.py), the facts it is about, and its sentence (sentences.py).

API, file result, page and command line say the same one. A refusal is an expected outcome and changes nothing.
"""

from dataclasses import dataclass, field

from tradepost.reasons import Reason
from tradepost.sentences import SENTENCES

__all__ = ["NOT_TEXT", "SENTENCES", "Reason", "Refusal", "Refused"]

NOT_TEXT = "it holds a character that no text has"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A "no": its name, and the facts that its sentence needs."""

    reason: Reason
    facts: dict[str, object] = field(default_factory=dict)

    def sentence(self, language: str = "en") -> str:
        """What to tell the one who asked; `language` is "en" or "zh"."""
        english, chinese = SENTENCES[self.reason]
        return (chinese if language.startswith("zh") else english).format_map(_Facts(self.facts))


class Refused(Exception):
    """Raised inside a room while it decides about one item; the room turns it into that item's outcome."""

    def __init__(self, reason: Reason, **facts: object) -> None:
        self.refusal = Refusal(reason, facts)
        super().__init__(self.refusal.sentence())


class _Facts(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "…"
