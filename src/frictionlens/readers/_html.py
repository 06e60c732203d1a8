"""Own the way from HTML bodies to the text that was read: breaks kept, entities decoded, quoted history removed."""

from __future__ import annotations

import html
import re
from typing import Final

_MOST_TAGS: Final = 3_000
"""Bodies with more tags than this are stripped without a tree: deep nesting makes tree editing quadratic."""

_BREAK: Final = "\ue000"
"""Stands for a line break while white space is folded; a private-use character that no export holds."""

_BLOCKS: Final = "p|div|li|ul|ol|tr|table|h[1-6]|section|article|header|footer|pre|hr|dd|dt|dl|blockquote|center"
_TAGS: Final = "p|br|div|span|b|i|u|em|strong|a|ul|ol|li|font|small|code|h[1-6]"
_NOT_BARE: Final = re.compile(rf"<(?!/?(?:{_TAGS})\s*/?>)", re.I)
_NOT_SIMPLE: Final = re.compile(rf"<(?!/?(?:{_TAGS})\b[^<>]*>)", re.I)
_HIDING: Final = re.compile(r"quote|display\s*:\s*none|signature|hidden", re.I)
_BR_TAG: Final = re.compile(rf"<(?:br\b[^<>]*|/?(?:{_BLOCKS})\b[^<>]*)>", re.I)
# An unclosed comment or script runs to the end, as in a browser: each match takes what it scanned: linear time.
_ANY_TAG: Final = re.compile(r"<(?:!--.*?(?:-->|\Z)|/?[a-z!?][^<>]*>)", re.I | re.S)
_UNSEEN: Final = re.compile(r"<(script|style|head|title)\b.*?(?:</\1\s*>|\Z)", re.I | re.S)
_DROPPED: Final = "script,style,head,title,template,noscript"
_QUOTES: Final = (
    "blockquote,.gmail_quote,.gmail_quote_container,.yahoo_quoted,.moz-cite-prefix,.zendesk_quoted,.quoted-text,"
    "#divRplyFwdMsg,#appendonsend,.OutlookMessageHeader,.intercom-quoted,.freshdesk_quote,.front-blockquote,.quoted_text"
)
_BLOCK_CSS: Final = (
    "p,div,li,ul,ol,tr,table,h1,h2,h3,h4,h5,h6,section,article,header,footer,pre,hr,dd,dt,dl,blockquote,center"
)
_LOOKS: Final = re.compile(r"<(?:p|br|div|span|b|i|a|ul|li|strong|em|table|html|body|blockquote|img)\b[^<>]*/?>", re.I)


def is_html(text: str) -> bool:
    """Tell whether a text holds HTML markup, for fields of which the export does not say."""
    return "<" in text and bool(_LOOKS.search(text))


def html_to_text(markup: str, *, keep_quotes: bool = False) -> str:
    """Turn an HTML body into plain text: `<br>` and block ends become line breaks, entities are decoded.

    Args:
        markup: an HTML fragment or document; plain text comes back with its entities decoded.
        keep_quotes: keep quoted history (`<blockquote>`, the quote blocks of the large mail programs).
    """
    if "<" not in markup:
        return _fold(html.unescape(markup).replace("\n", _BREAK) if "&" in markup else markup.replace("\n", _BREAK))
    # Most bodies are a few <p> and <br>: no tree is needed where no tag hides what it holds.
    if not _NOT_BARE.search(markup):
        return _strip(markup)
    if not _NOT_SIMPLE.search(markup) and (keep_quotes or not _HIDING.search(markup)):
        return _strip(markup)
    if markup.count("<") > _MOST_TAGS:
        return _strip(_UNSEEN.sub("", markup))
    from selectolax.lexbor import LexborHTMLParser

    body = LexborHTMLParser(markup.encode("utf-8", "replace").decode("utf-8")).body
    if body is None:
        return _strip(_UNSEEN.sub("", markup))
    for node in body.css(_DROPPED if keep_quotes else f"{_DROPPED},{_QUOTES}"):
        node.decompose()
    for node in body.css("br"):
        node.replace_with(_BREAK)
    for node in body.css(_BLOCK_CSS):
        node.insert_before(_BREAK)
        node.insert_after(_BREAK)
    return _fold(body.text(deep=True))


def _strip(markup: str) -> str:
    text = _BR_TAG.sub(_BREAK, markup)
    return _fold(html.unescape(_ANY_TAG.sub("", text) if "<" in text else text))


def _fold(text: str) -> str:
    """Fold white space as a browser does, then put the line breaks in; empty lines go."""
    return "\n".join([line for part in text.split(_BREAK) if (line := " ".join(part.split()))])
