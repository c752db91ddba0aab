"""Which features are facts of a person, not events?"""

from __future__ import annotations

from washhouse.insight.features.contract import Feature, Theme

PERSON = Theme("person", "Age, sex and place")

FEATURES = (
    Feature("age_years", PERSON, None, "standing", "age", "Aged {value}", fact="age_years"),
    Feature("is_female", PERSON, None, "standing", "flag", "Female", fact="is_female"),
    Feature(
        "deprivation_decile",
        PERSON,
        None,
        "standing",
        "number",
        "Lives in deprivation decile {value} of 10, 1 the most deprived",
        fact="deprivation_decile",
    ),
)
