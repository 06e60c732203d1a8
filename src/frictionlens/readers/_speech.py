"""Own what speech-to-text exports share: phrases and words with a channel or a diarised speaker, joined into turns.

A channel is not a role and a diarised label is not a person: both stay `unknown` until the user maps them
(`--role speaker_0=agent`). Where an export labels nobody, its phrases stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from frictionlens.model import Interaction
from frictionlens.readers._base import ReadOptions, Source
from frictionlens.readers._build import Draft, build_interaction, role_for
from frictionlens.readers._json import text_of
from frictionlens.readers._labels import label_role


class Phrase(NamedTuple):
    """Something said without a pause: by whom, when (seconds), what."""

    text: str
    start: float | None = None
    end: float | None = None
    speaker: Any = None
    channel: Any = None


def build_call(
    source: Source,
    record_id: str | None,
    phrases: Sequence[Phrase],
    options: ReadOptions,
    *,
    where: str = "",
    **facts: Any,
) -> Interaction:
    """Join phrases into the turns of one call.

    Args:
        source: where it was read.
        record_id: the export's id of the call.
        phrases: in any order; channels may come one after the other.
        options: the user's roles.
        where: place in the file.
        facts: further arguments of `build_interaction`.
    """
    said = [
        phrase._replace(speaker=_scalar(phrase.speaker), channel=_scalar(phrase.channel))
        for phrase in phrases
        if phrase.text and phrase.text.strip()
    ]
    several_channels = len({phrase.channel for phrase in said if phrase.channel is not None}) > 1
    speakers: dict[Any, set[Any]] = {}
    for phrase in said:
        if phrase.speaker is not None:
            speakers.setdefault(phrase.channel, set()).add(phrase.speaker)
    drafts = []
    for phrase in said:
        label = _label(phrase, several_channels, len(speakers.get(phrase.channel, ())) > 1)
        role = label_role(label, options) if label else "unknown"
        role = role_for(
            options, role, label, phrase.speaker, *(() if phrase.channel is None else _channel_names(phrase))
        )
        drafts.append(Draft(role, " ".join(phrase.text.split()), None, label, at=phrase.start, end=phrase.end))
    facts.setdefault("channel", "voice")
    return build_interaction(
        source, record_id, drafts, where=where, joined=any(draft.speaker for draft in drafts), **facts
    )


def _scalar(label: Any) -> Any:
    return label if isinstance(label, str | int | float) and not isinstance(label, bool) and label != "" else None


def _label(phrase: Phrase, several_channels: bool, several_speakers: bool) -> str | None:
    speaker = None if phrase.speaker is None else _name(phrase.speaker)
    if several_channels and phrase.channel is not None:
        channel = f"channel_{text_of(phrase.channel)}"
        return f"{channel} {speaker}" if speaker and several_speakers else channel
    return speaker


def _name(speaker: Any) -> str:
    text = text_of(speaker) or ""
    return f"speaker_{text}" if isinstance(speaker, int) or text.isdigit() else text


def _channel_names(phrase: Phrase) -> tuple[str, ...]:
    number = text_of(phrase.channel) or ""
    return (f"channel_{number}", f"channel {number}", f"ch_{number}")


def phrases_from_words(words: Iterable[Phrase]) -> list[Phrase]:
    """Join consecutive words of one speaker on one channel."""
    phrases: list[Phrase] = []
    for word in words:
        last = phrases[-1] if phrases else None
        if last and (last.speaker, last.channel) == (word.speaker, word.channel):
            text = (
                f"{last.text}{word.text}"
                if word.text[:1] in ".,?!;:" and len(word.text) == 1
                else f"{last.text} {word.text}"
            )
            end = word.end if word.end is not None else last.end
            phrases[-1] = Phrase(text, last.start, end, last.speaker, last.channel)
        else:
            phrases.append(word)
    return phrases
