"""Which crises happened, who is at risk, and how likely is the next one?"""
