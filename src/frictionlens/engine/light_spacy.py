"""Own the import of spaCy, without its command line.

`import spacy` imports `spacy.cli` for the one function `spacy.info`, and with it download, project and HTTP clients:
half of the time that a scan of a small file takes. While spaCy is imported here, a stand-in has that place; afterwards
`import spacy.cli` gives the real thing, and so does a call of `spacy.info`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Final

_CLI: Final = "spacy.cli"
_INFO: Final = "spacy.cli.info"


def _info(*arguments: Any, **options: Any) -> Any:
    """Call the real `spacy.info`."""
    from spacy.cli.info import info

    return info(*arguments, **options)


def _import_spacy() -> None:
    if "spacy" in sys.modules:
        return
    package, module = ModuleType(_CLI), ModuleType(_INFO)
    package.__path__ = []
    module.info = _info  # type: ignore[attr-defined]
    stand_ins = {_CLI: package, _INFO: module}
    sys.modules.update(stand_ins)
    try:
        import spacy  # noqa: F401
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


_import_spacy()

from spacy.lang.en import English  # noqa: E402
from spacy.matcher import Matcher  # noqa: E402
from spacy.tokens import Doc  # noqa: E402

__all__ = ["Doc", "English", "Matcher"]
