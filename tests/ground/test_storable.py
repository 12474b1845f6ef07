"""What PostgreSQL can hold as text, alone or anywhere in a JSON value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.ground.database import storable

TEXTS = st.text(st.sampled_from('ab"\\\\u0\0é汉🙂\ud800\udfff'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=8,
)


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in texts(one)]
    if isinstance(value, (list, tuple)):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


@given(VALUES)
def test_a_value_is_storable_when_each_of_its_texts_is(value: Any) -> None:
    signs = "".join(texts(value))
    assert storable(value) is not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in signs)


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", '"\\u0000', "u0000"])
def test_a_backslash_before_it_makes_no_nul(text: str) -> None:
    assert storable([text])
    assert not storable([text + "\0"])
    assert not storable(["\0" + text])
