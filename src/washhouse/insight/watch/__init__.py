"""Are the models still fit for what comes in: inputs, deliveries, and whether risks come true?"""
