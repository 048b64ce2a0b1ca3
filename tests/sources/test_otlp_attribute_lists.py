"""Attribute lists taken apart by the places of their quotes hold what a decoder finds in each of them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from deep_code_reasoning.sources.otlp import attribute_lists
from deep_code_reasoning.sources.otlp.attribute_lists import read
from deep_code_reasoning.sources.otlp.lenient import WRONG_SHAPE
from deep_code_reasoning.sources.otlp.values import AnyValue, KeyValue, text_of

Pair = tuple[str, str | None]

_TEXTS = st.sampled_from(
    [
        "",
        "GET",
        "Zoë",
        'a "b" \\',
        '"}},{"key":"',
        "\\",
        'x\\"',
        "]",
        "\u0001\n",
        "\U0001f600",
        "key",
        "value",
        "stringValue",
    ]
) | st.text(st.characters(codec="utf-8"), max_size=8)
_WRITTEN_TEXTS = st.builds(lambda text, is_ascii: json.dumps(text, ensure_ascii=is_ascii), _TEXTS, st.booleans())
_USUAL_VALUES = st.one_of(
    st.builds('{{"stringValue":{}}}'.format, _WRITTEN_TEXTS),
    st.builds('{{"intValue":"{}"}}'.format, st.integers(-(2**63), 2**63 - 1)),
    st.sampled_from(['{"boolValue":true}', '{"boolValue":false}', '{"intValue":"x"}', '{"intValue":""}']),
    st.builds('{{"doubleValue":{}}}'.format, st.sampled_from(["1.50", "-0", "7", "1e400", "-1E-7", "0.0"])),
)
_NESTED = '{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}},{"key":"n","value":{"doubleValue":1}}]}}'
_ODD_VALUES = st.sampled_from(
    [
        *(
            _NESTED,
            '{"arrayValue":{"values":[{"stringValue":"a"},{"intValue":"1"}]}}',
            '{"arrayValue":{}}',
            "{}",
            "null",
        ),
        *('{"stringValue":null}', '{"intValue":7}', '{"intValue":-0}', '{"boolValue":null}', '{"doubleValue":"NaN"}'),
        *(
            '{"doubleValue":1 }',
            '{"doubleValue":1} ',
            ' {"stringValue":"s"}',
            '{"stringValue" :"s"}',
            '{"doubleValue":null}',
        ),
        *(
            '{"stringValue":"a","intValue":"1"}',
            '{"intValue":"1","stringValue":"a"}',
            '{"doubleValue":1,"boolValue":true}',
        ),
        *('{"bytesValue":"AA=="}', '{"stringValue":"a","more":{}}', '{"doubleValue":[1]}', '{"doubleValue":{}}'),
    ]
)
_VALUES = _USUAL_VALUES | _USUAL_VALUES | _USUAL_VALUES | _ODD_VALUES
_PAIRS = st.builds('{{"key":{},"value":{}}}'.format, _WRITTEN_TEXTS, _VALUES) | st.builds(
    str.format,
    st.sampled_from(
        [
            *(
                '{{"key":{0},"value":{1},"more":1}}',
                '{{"value":{1},"key":{0}}}',
                '{{"key":{0}}}',
                '{{ "key":{0},"value":{1}}}',
            ),
            *('{{"key":{0}, "value":{1}}}', '{{"key":{0},"value":{1}}} ', '{{"key":"other","key":{0},"value":{1}}}'),
            *('{{"key":{0},"more":[{{"key":"k","value":{1}}}],"value":{1}}}', '{{"more":"key","key":{0},"value":{1}}}'),
        ]
    ),
    _WRITTEN_TEXTS,
    _VALUES,
)
_LISTS = st.one_of(
    st.lists(_PAIRS, max_size=4).map(lambda pairs: f"[{','.join(pairs)}]"),
    st.lists(_PAIRS, max_size=2).map(lambda pairs: f"[ {' , '.join(pairs)} ]"),
    st.sampled_from(["", "null", "[]", "[ ]"]),
)
_decode = msgspec.json.Decoder(list[KeyValue] | None).decode


def found_in(lists: list[Raw | list[KeyValue]]) -> list[list[Pair]]:
    attributes, bad = read(lists, lambda place, reason: pytest.fail(reason))
    assert not bad
    attributes.keys.validate(full=True)
    attributes.texts.validate(full=True)
    return [[(pair["key"], pair["value"]) for pair in pairs] for pairs in attributes.listed().to_pylist()]


def decoded(text: str) -> list[Pair]:
    return [(pair.key, text_of(pair.value)) for pair in (_decode(text) or () if text else ())]


@given(st.lists(_LISTS, max_size=4))
def test_what_is_too_large_together_is_decoded_one_by_one(lists: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribute_lists, "MOST_BYTES", 30)
        assert found_in([Raw(text.encode()) for text in lists]) == [decoded(text) for text in lists]


@given(st.lists(_LISTS, max_size=6))
def test_lists_with_spaces_hold_what_a_decoder_finds_in_each(lists: list[str]) -> None:
    spaced = [json.dumps(json.loads(text.replace("1e400", "1e300"))) if text else "" for text in lists]
    assert found_in([Raw(text.encode()) for text in spaced]) == [decoded(text) for text in spaced]


@given(st.lists(_LISTS, max_size=8))
def test_lists_hold_what_a_decoder_finds_in_each(lists: list[str]) -> None:
    assert found_in([Raw(text.encode()) for text in lists]) == [decoded(text) for text in lists]


@given(st.lists(st.tuples(_LISTS, st.booleans()), max_size=6))
def test_lists_that_are_decoded_already_lie_among_them(lists: list[tuple[str, bool]]) -> None:
    given_: list[Any] = [
        (_decode(text) or [] if text else []) if is_decoded else Raw(text.encode()) for text, is_decoded in lists
    ]
    assert found_in(given_) == [decoded(text) for text, _ in lists]


@pytest.mark.parametrize("space", ["", " "])
def test_usual_lists_are_not_decoded(monkeypatch: pytest.MonkeyPatch, space: str) -> None:
    monkeypatch.setattr(attribute_lists, "_decode", lambda text: pytest.fail("decoded"))
    values = [
        AnyValue(stringValue='a "b"'),
        AnyValue(intValue="7"),
        AnyValue(boolValue=True),
        AnyValue(boolValue=False),
    ]
    named = [("s", values[0]), ("i", values[1]), ("t", values[2]), ("f", values[3])]
    forms = (
        '"stringValue":"a \\"b\\""',
        '"intValue":"7"',
        '"boolValue":true',
        '"boolValue":false',
        '"doubleValue":1.50',
    )
    forms = tuple(form.replace('":', f'":{space}') for form in forms)
    pairs = zip("sitfd", forms, strict=True)
    text = f",{space}".join(f'{{"key":{space}"{key}",{space}"value":{space}{{{form}}}}}' for key, form in pairs)
    expected = [*((key, text_of(value)) for key, value in named), ("d", "1.50")]
    assert found_in([Raw(b"[%s]" % text.encode()), Raw(b"[]"), Raw(b"null"), Raw()]) == [expected, [], [], []]


def test_what_is_no_attribute_is_told_of_its_list() -> None:
    lists = [
        b'[{"key":"a","value":{"stringValue":"b"}}]',
        b'[{"key":"a","value":7},{"key":"b","value":{"stringValue":"c"}}]',
        b'{"a":"b"}',
        b'"text"',
        b'[{"key":"a","value":{"stringValue":"\xff"}}]',
        b'[{"key":"c","value":{"stringValue":"\xc3\xa4"}}]',
    ]
    told: list[tuple[int, str]] = []
    attributes, bad = read([Raw(text) for text in lists], lambda place, reason: told.append((place, reason)))
    assert told == [(1, WRONG_SHAPE)]
    assert bad == {2: WRONG_SHAPE, 3: WRONG_SHAPE}
    assert attributes.listed().to_pylist() == [
        [{"key": "a", "value": "b"}],
        [{"key": "b", "value": "c"}],
        [],
        [],
        [{"key": "a", "value": "\ufffd"}],
        [{"key": "c", "value": "ä"}],
    ]
