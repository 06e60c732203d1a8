"""Run patterns with medspaCy; started by rivals.py with the Python of an environment of medspaCy's own.

It pins an older spaCy than frictionlens runs on, so it cannot live in the same one.
Reads the task from a JSON file and prints one JSON line: characters, seconds, sentences, preparing, found.
"""

import json
import sys
import time
from pathlib import Path


def main() -> None:
    task = json.loads(Path(sys.argv[1]).read_text())
    import spacy
    from medspacy.target_matcher import TargetMatcher, TargetRule
    from spacy.tokens import Doc

    begin = time.process_time()
    nlp = spacy.blank("en")
    matchers = {}
    for role, patterns in task["patterns"].items():
        matchers[role] = TargetMatcher(nlp, result_type=None, prune=False)
        rules = [
            # Told apart by their label: of rules that match the same words a span remembers the last only.
            TargetRule(literal=rule, category=f"{rule} {number}", pattern=steps)
            for rule, number, flat in patterns
            for steps in flat
        ]
        matchers[role].add(rules)
    preparing = time.process_time() - begin
    found = []
    spent = 0.0
    characters = place = 0
    for place, (role, text, words) in enumerate(task["said"], 1):
        doc = Doc(nlp.vocab, words=words)
        begin = time.process_time()
        nlp.make_doc(text)
        spans = matchers[role](doc)
        spent += time.process_time() - begin
        characters += len(text)
        for span in spans:
            rule, _, number = span.label_.rpartition(" ")
            found.append((place - 1, rule, int(number), span.start, span.end))
        if spent > task["budget"]:
            break
    told = {"characters": characters, "seconds": spent, "sentences": place, "preparing": preparing, "found": found}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
