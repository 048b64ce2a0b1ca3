"""Lists of attributes as OTLP/JSON writes them, many at once, to keys and texts without an object for each.

`[{"key":"http.route","value":{"stringValue":"/cart"}},...]` is by far the most of a file of spans. As exporters write
it, the key first and without spaces or with one behind each colon and comma, it is taken apart by the places of its
quotes, step by step for all lists. A list that holds anything else (arrays and maps, other members) is decoded by
itself. Measured: two thirds of the time that objects for all of them take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Raw, Struct

from deep_code_reasoning.sources.arrow_tables import array_of
from deep_code_reasoning.sources.otlp.attribute_columns import Attributes
from deep_code_reasoning.sources.otlp.field_columns import Bad
from deep_code_reasoning.sources.otlp.lenient import lenient
from deep_code_reasoning.sources.otlp.values import BadRecord, KeyValue, parse

# Well-formed JSON, of which nothing else is known yet; `lenient` and the protobuf reader put a list here.
Written = Annotated[Raw, list[KeyValue]]

MOST_BYTES = 1 << 30  # together: Arrow counts those of a column with 32 bits

_DECODED = b"-"  # in the place of what is decoded: no list
_PADDING = bytes(40)  # words are looked at that begin up to 32 bytes behind a quote
_QUOTE, _BACKSLASH, _BRACKET, _COMMA, _BRACE = b'"\\[,}'
_ZERO, _NINE, _MINUS, _TRUE, _FALSE, _NULL = b"09-tfn"


class _Form(NamedTuple):
    """What stands between a key and its value of one type, from the quote that ends the key on."""

    size: int
    words: tuple[np.uint64, ...]
    masks: tuple[np.uint64, ...]

    @classmethod
    def of(cls, kind: str, space: str, quote: str) -> _Form:
        text = f'",{space}"value":{space}{{"{kind}":{space}{quote}'.encode()
        parts = [text[at : at + 8] for at in range(0, 32, 8)]
        words = tuple(np.uint64(int.from_bytes(part, "little")) for part in parts)
        return cls(len(text), words, tuple(np.uint64((1 << 8 * len(part)) - 1) for part in parts))

    def fits(self, words: np.ndarray) -> np.ndarray:
        """By place; `words` are four at each."""
        found = words[0] == self.words[0]
        for found_there, word, mask in zip(words[1:], self.words[1:], self.masks[1:], strict=True):
            found &= found_there & mask == word
        return found


class _Spelling(NamedTuple):
    """With this many spaces behind each colon and comma: none, or one as Python's own encoder writes."""

    space: int
    head: np.uint64
    string: _Form
    integer: _Form
    truth: _Form
    fraction: _Form

    @classmethod
    def of(cls, space: str) -> _Spelling:
        kinds = (("stringValue", '"'), ("intValue", '"'), ("boolValue", ""), ("doubleValue", ""))
        head = np.uint64(int.from_bytes(f'{{"key":{space}"'.encode()[:8], "little"))
        return cls(len(space), head, *(_Form.of(kind, space, quote) for kind, quote in kinds))


_KEY = b'{"key":'
_SPELLINGS = {b'"': _Spelling.of(""), b" ": _Spelling.of(" ")}


class _Attributes(Struct, gc=False, frozen=True):
    attributes: list[KeyValue] | None = None


_decode = msgspec.json.Decoder(list[KeyValue] | None).decode
_decode_texts = msgspec.json.Decoder(list[str]).decode


def read(lists: Sequence[Raw | list[KeyValue]], lost: Callable[[int, str], None]) -> tuple[Attributes, Bad]:
    """The attributes of each, and which lists are none, which then count as empty.

    `lost` is called with the place of its list, and why, for each attribute that is left out.
    """
    written = [one if type(one) is Raw else _DECODED for one in lists]
    if sum(map(len, written)) > MOST_BYTES:
        written = [_DECODED] * len(written)
    ends = np.cumsum(np.fromiter(map(len, written), np.int64, len(written)))
    text = b"".join((*written, _PADDING))
    usual = _usual(text, ends)
    counts, bad = usual.counts, {}
    alone: list[list[KeyValue]] = []
    for place in np.flatnonzero(~usual.is_read).tolist():
        try:
            found = _alone(lists[place], partial(lost, place))
        except BadRecord as error:
            found, bad[place] = [], str(error)
        counts[place] = len(found)
        alone.append(found)
    others = Attributes.of(alone)
    is_usual = np.repeat(usual.is_read, counts)
    keys = _brought(text, usual.keys, usual.backslashes, others.keys, is_usual)
    texts = _brought(text, usual.values, usual.backslashes, others.texts, is_usual)
    return Attributes(counts, keys, texts), bad


class _Usual(NamedTuple):
    """Of each list whether it was read, and how many attributes; of each of these where key and value begin and end."""

    is_read: np.ndarray
    counts: np.ndarray
    keys: tuple[np.ndarray, np.ndarray]
    values: tuple[np.ndarray, np.ndarray]
    backslashes: np.ndarray


def _usual(text: bytes, ends: np.ndarray) -> _Usual:
    letters = np.frombuffer(text, np.uint8)
    backslashes = np.flatnonzero(letters == _BACKSLASH) if b"\\" in text else np.empty(0, np.int64)
    begins = np.concatenate(([0], ends[:-1]))
    at = text.find(_KEY) + len(_KEY)
    spelling = _SPELLINGS.get(text[at : at + 1])
    if spelling is None:
        is_read, nowhere = _are_empty(letters, begins, ends - begins), (backslashes[:0], backslashes[:0])
        return _Usual(is_read, np.zeros(len(ends), np.int64), nowhere, nowhere, backslashes)
    opening, closing = _strings(letters, backslashes)
    heads = np.flatnonzero(closing - opening == len("key") + 1)
    heads = heads[_words(text, opening[heads] - 1, 1)[0] == spelling.head]
    heads = heads[opening[np.minimum(heads + 1, len(opening) - 1)] - closing[heads] == 2 + spelling.space]
    begin = opening[heads] - 1
    counts = np.diff(np.searchsorted(begin, ends), prepend=0)
    of = np.repeat(np.arange(len(ends)), counts)  # the list of each attribute
    some = np.flatnonzero(counts)
    last = np.cumsum(counts[some]) - 1
    behind = np.empty(len(begin), np.int64)  # where its comma or bracket has to be
    behind[:-1] = begin[1:] - 1 - spelling.space
    behind[last] = ends[some] - 1
    key_end = closing[heads + 1]
    value_begin, value_end, fits = _values(spelling, text, heads, key_end, behind, closing)
    is_comma = letters[behind] == _COMMA
    is_comma[last] = True
    fits &= is_comma & (letters[behind - 1] == _BRACE) & (letters[behind - 2] == _BRACE)
    first = last - counts[some] + 1
    fits[first] &= (begin[first] == begins[some] + 1) & (letters[begins[some]] == _BRACKET)
    is_read = _are_empty(letters, begins, ends - begins) | (counts > 0)
    is_read[of[~fits]] = False
    if not _is_utf8(text):
        for place in np.flatnonzero(is_read).tolist():
            is_read[place] = _is_utf8(text[begins[place] : ends[place]])
    if not is_read.all():
        kept = is_read[of]
        begin, key_end, value_begin, value_end = (each[kept] for each in (begin, key_end, value_begin, value_end))
        counts[~is_read] = 0
    return _Usual(
        is_read, counts, (begin + len(_KEY) + spelling.space + 1, key_end), (value_begin, value_end), backslashes
    )


def _words(text: bytes, begins: np.ndarray, count: int) -> np.ndarray:
    """So many words from each place on, wherever it lies."""
    size = 8 * count
    blocks = np.ndarray(len(text) - size + 1, f"V{size}", text, strides=(1,))
    return np.ascontiguousarray(blocks[begins].view("<u8").reshape(-1, count).T)


def _strings(letters: np.ndarray, backslashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the quotes of each are."""
    is_quote = letters == _QUOTE
    if len(backslashes):
        begins = np.flatnonzero(np.diff(backslashes, prepend=-2) != 1)  # of runs of them
        lengths = np.diff(begins, append=len(backslashes))
        is_quote[(backslashes[begins] + lengths)[lengths % 2 == 1]] = False
    quotes = np.flatnonzero(is_quote)
    return quotes[::2], quotes[1::2]


def _values(
    spelling: _Spelling,
    text: bytes,
    heads: np.ndarray,
    key_end: np.ndarray,
    behind: np.ndarray,
    closing: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the value of each attribute begins and ends, and whether it is the only thing there.

    That it is well-formed is known; so what begins with a digit is a number, and ends with its last digit.
    """
    words, letters = _words(text, key_end, 4), np.frombuffer(text, np.uint8)
    begin, end = key_end + spelling.string.size, behind - len('"}}')
    string_end = closing[np.minimum(heads + 4, len(closing) - 1)]
    fits = spelling.string.fits(words) & (string_end == end)
    others = np.flatnonzero(~fits)
    words, string_end = words[:, others], string_end[others]
    is_integer, is_truth, is_fraction = (
        form.fits(words) for form in (spelling.integer, spelling.truth, spelling.fraction)
    )
    size = np.where(is_fraction, spelling.fraction.size, spelling.integer.size)
    size[is_truth] = spelling.truth.size
    at, until = key_end[others] + size, end[others] + ~is_integer
    begin[others], end[others] = at, until
    letter, length = letters[at], until - at
    fit = is_integer & (string_end == until)
    fit |= is_truth & (((letter == _TRUE) & (length == 4)) | ((letter == _FALSE) & (length == 5)))
    # no string lies between the name of the value's type and the end: nothing is there but the number
    is_alone = (string_end > behind[others]) | (heads[others] + 4 >= len(closing))
    fit |= is_fraction & is_alone & _is_digit(letters[until - 1]) & (_is_digit(letter) | (letter == _MINUS))
    fits[others] = fit
    return begin, end, fits


def _is_digit(letters: np.ndarray) -> np.ndarray:
    return (letters >= _ZERO) & (letters <= _NINE)


def _are_empty(letters: np.ndarray, begins: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Which are not there, null, or well-formed JSON of two letters that begins with a bracket."""
    first = letters[begins]
    return (sizes == 0) | ((sizes == 2) & (first == _BRACKET)) | ((sizes == 4) & (first == _NULL))


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _alone(one: Raw | list[KeyValue], lost: Callable[[str], None]) -> list[KeyValue]:
    """Raises BadRecord where it is no list."""
    if not isinstance(one, Raw):
        return one or []
    if not len(one):
        return []
    try:
        return _decode(one) or []
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        value = parse(bytes(one).decode("utf-8", "replace"))
        return lenient({"attributes": value}, _Attributes, lost).attributes or []


def _brought(
    text: bytes,
    parts: tuple[np.ndarray, np.ndarray],
    backslashes: np.ndarray,
    others: pa.StringArray,
    is_usual: np.ndarray,
) -> pa.StringArray:
    """The parts of the text, escapes undone, and `others` where it is not `is_usual`."""
    begin, end = parts
    bounds = np.empty(2 * len(begin), np.int32)
    bounds[::2], bounds[1::2] = begin, end
    between = max(0, len(bounds) - 1)  # parts, and what lies between them
    arrays = [pa.StringArray.from_buffers(between, pa.py_buffer(bounds), pa.py_buffer(text))]
    places = np.arange(0, len(bounds), 2)
    if len(backslashes) and len(begin):
        part = np.searchsorted(begin, backslashes, "right") - 1
        escaped = part[(part >= 0) & (backslashes < end[part])]
        escaped = escaped[np.diff(escaped, prepend=-1) > 0]
        spelt = [text[first:last] for first, last in zip(begin[escaped].tolist(), end[escaped].tolist(), strict=True)]
        if spelt:
            arrays.append(array_of(_decode_texts(b'["%s"]' % b'","'.join(spelt))))
            places[escaped] = between + np.arange(len(escaped))
    if len(others):
        usual, places = places, np.empty(len(is_usual), np.int64)
        places[is_usual], places[~is_usual] = usual, sum(map(len, arrays)) + np.arange(len(others))
        arrays.append(others)
    return (arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)).take(pa.array(places))
