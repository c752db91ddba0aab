"""FHIR R4: files of resources in, and the declaration that import, export and server share."""
