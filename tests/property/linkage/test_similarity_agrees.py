"""Do the compiled similarities agree with rapidfuzz, and are they symmetric?"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA, JaroWinkler

from washhouse.linkage.similarity import (
    code_points,
    is_one_letter_misread,
    is_one_slip,
    jaro_winkler,
    jaro_winkler_from,
)

WORDS = st.one_of(
    st.text(alphabet="ABCDE", max_size=14),
    st.text(alphabet="SMITHYEO' -", max_size=40),
    st.text(max_size=80),
)


@settings(max_examples=500)
@given(WORDS, WORDS)
def test_jaro_winkler_agrees_with_rapidfuzz(a: str, b: str) -> None:
    ours = jaro_winkler(code_points(a), code_points(b))
    assert abs(ours - JaroWinkler.similarity(a, b)) < 1e-6


@settings(max_examples=500)
@given(WORDS, WORDS, st.sampled_from([0.75, 0.8, 0.9, 0.92]))
def test_jaro_winkler_from_a_least_similarity_is_the_same_from_there_on(a: str, b: str, least: float) -> None:
    ours, asked = jaro_winkler(code_points(a), code_points(b)), jaro_winkler_from(code_points(a), code_points(b), least)
    assert asked == ours if ours >= least else asked < least


@settings(max_examples=500)
@given(WORDS, WORDS)
def test_one_slip_is_an_optimal_string_alignment_of_at_most_one(a: str, b: str) -> None:
    assert is_one_slip(code_points(a), code_points(b)) == (OSA.distance(a, b) <= 1)


@settings(max_examples=200)
@given(st.text(alphabet="ABC", min_size=1, max_size=12), st.sampled_from("XYZ"))
def test_a_letter_read_as_another_throughout_is_one_misreading(word: str, other: str) -> None:
    wrong = word.replace(word[0], other)
    assert is_one_letter_misread(code_points(word), code_points(wrong))
    assert is_one_letter_misread(code_points(wrong), code_points(word))
    assert not is_one_letter_misread(code_points(word), code_points(word))
