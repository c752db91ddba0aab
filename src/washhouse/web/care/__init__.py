"""Pages of the clinician: caseload, person, review, who viewed."""
