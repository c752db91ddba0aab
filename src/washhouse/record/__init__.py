"""The linked, de-identified, longitudinal record: the de-identification line."""
