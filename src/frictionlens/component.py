"""Own the spaCy pipeline component: for people who have a pipeline already.

nlp = spacy.blank("en")
nlp.add_pipe("frictionlens", config={"role": "agent"})
doc = nlp("I'm sorry, we can't do that.")
[(span.label_, span.text) for span in doc.spans["friction"]]
"""

from __future__ import annotations

from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from frictionlens.model import Interaction, Role, Turn
from frictionlens.pipeline import Options, Scanner

SPANS_KEY = "friction"


class FrictionComponent:
    """Fill `doc.spans["friction"]` with findings: label is the category, id the rule.

    Args:
        role: who says the text: agent, bot or customer.
        packs: folders with rules of your own.
    """

    def __init__(self, role: Role = "agent", packs: tuple[str, ...] = ()) -> None:
        self.role: Role = role
        self._scanner = Scanner(Options(packs=tuple(map(Path, packs)), redact="off"))

    def __call__(self, doc: Doc) -> Doc:
        """Find friction in the text of a document; spans cover the tokens that the evidence touches."""
        interaction = Interaction(id="doc", turns=(Turn(self.role, doc.text),))
        spans = []
        for finding in self._scanner.detect(interaction).findings:
            span = doc.char_span(
                finding.start, finding.end, label=finding.category, span_id=finding.rule_id, alignment_mode="expand"
            )
            if span is not None:
                spans.append(span)
        doc.spans[SPANS_KEY] = spans
        return doc


@Language.factory("frictionlens", default_config={"role": "agent", "packs": []}, assigns=["doc.spans"])
def _create(nlp: Language, name: str, role: Role, packs: list[str]) -> FrictionComponent:
    del nlp, name
    return FrictionComponent(role, tuple(packs))
