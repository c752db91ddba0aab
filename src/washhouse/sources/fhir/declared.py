"""Which resource tells of what: the one declaration that import, export, server and reference page share.

Each type names the elements that hold its code, its time, its end, when it was recorded, whose it is and during what it
happened; paths are FHIR's own names, the first that is there counts. `family` is the vocabulary put before a code that
alone would be taken for something else: a substance that somebody is allergic to was not given, what was asked for did
not happen. `families` are the vocabularies of the record whose events are written as this type.

References:
    HL7 FHIR R4 (4.0.1), https://hl7.org/fhir/R4/resourcelist.html; HL7 UK Core STU2, profiles.
"""

from __future__ import annotations

from dataclasses import dataclass

UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"


@dataclass(frozen=True)
class ResourceMap:
    """How one type of resource and events of the record stand for each other.

    Attributes:
        type: Type of resource.
        code: Paths of what it is about.
        time: Paths of when it happened, or began.
        end: Paths of when it ended.
        recorded: Paths of when its sender knew it, besides `meta.lastUpdated`.
        subject: Path of the reference to the patient.
        encounter: Path of the reference to the encounter; empty if it has none.
        family: Vocabulary put before its codes; empty if a code speaks for itself.
        absent: Paths with the values that say that it did not happen, or was never so.
        number: Paths of its number; a quantity gives its unit too.
        families: Vocabularies of the record written as this type.
        profile: UK Core profile that its resources follow in name; empty for none.
        date_search: Search parameter of its time.
        code_search: Search parameter of its code; empty if R4 has none.
    """

    type: str
    code: tuple[str, ...]
    time: tuple[str, ...]
    end: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    subject: str = "subject"
    encounter: str = "encounter"
    family: str = ""
    absent: tuple[tuple[str, tuple[str, ...]], ...] = ()
    number: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    profile: str = ""
    date_search: str = "date"
    code_search: str = "code"


_ERROR = "entered-in-error"
_VERIFICATION = "verificationStatus.coding.code"

RESOURCES: dict[str, ResourceMap] = {
    one.type: one
    for one in (
        ResourceMap(
            "Encounter",
            code=("type", "class"),
            time=("period.start",),
            end=("period.end",),
            encounter="",
            family="ENCOUNTER",
            absent=(("status", ("planned", "cancelled", _ERROR)),),
            number=("length",),
            families=("ENCOUNTER", "APC_SPELL", "MHS_SPELL", "ECDS_ATTENDANCE", "MHS_CONTACT", "CSDS_CONTACT"),
            profile=f"{UK_CORE}Encounter",
            code_search="type",
        ),
        ResourceMap(
            "EpisodeOfCare",
            code=("type",),
            time=("period.start",),
            end=("period.end",),
            subject="patient",
            encounter="",
            family="EPISODE",
            absent=(("status", ("planned", "cancelled", _ERROR)),),
            families=("EPISODE", "GP_REGISTRATION", "MHS_COORDINATOR"),
            profile=f"{UK_CORE}EpisodeOfCare",
            code_search="type",
        ),
        ResourceMap(
            "Condition",
            code=("code",),
            time=("onsetDateTime", "onsetPeriod.start", "recordedDate"),
            end=("abatementDateTime", "abatementPeriod.end", "onsetPeriod.end"),
            recorded=("recordedDate",),
            absent=((_VERIFICATION, ("refuted", _ERROR)),),
            families=("ICD10", "ICD10CM", "ICD9CM", "DIAGNOSIS"),
            profile=f"{UK_CORE}Condition",
            date_search="onset-date",
        ),
        ResourceMap(
            "Observation",
            code=("code",),
            time=("effectiveDateTime", "effectivePeriod.start", "effectiveInstant", "issued"),
            end=("effectivePeriod.end",),
            recorded=("issued",),
            absent=(("status", ("cancelled", "registered", _ERROR)),),
            number=("valueQuantity", "valueInteger"),
            profile=f"{UK_CORE}Observation",
        ),
        ResourceMap(
            "MedicationRequest",
            code=("medicationCodeableConcept", "medicationReference"),
            time=("authoredOn",),
            recorded=("authoredOn",),
            absent=(("status", ("draft", _ERROR)), ("doNotPerform", ("True",))),
            number=("dispenseRequest.quantity",),
            families=("DMD", "RXNORM", "NDC", "ATC", "MEDICATION"),
            profile=f"{UK_CORE}MedicationRequest",
            date_search="authoredon",
        ),
        ResourceMap(
            "MedicationStatement",
            code=("medicationCodeableConcept", "medicationReference"),
            time=("effectiveDateTime", "effectivePeriod.start", "dateAsserted"),
            end=("effectivePeriod.end",),
            recorded=("dateAsserted",),
            encounter="context",
            family="MEDICATION_STATEMENT",
            absent=(("status", ("not-taken", "intended", _ERROR)),),
            families=("MEDICATION_STATEMENT",),
            profile=f"{UK_CORE}MedicationStatement",
            date_search="effective",
        ),
        ResourceMap(
            "Procedure",
            code=("code",),
            time=("performedDateTime", "performedPeriod.start"),
            end=("performedPeriod.end",),
            absent=(("status", ("preparation", "not-done", _ERROR)),),
            families=(
                *("OPCS4", "CPT", "HCPCS", "ICD10PCS", "PROCEDURE"),
                *("CLD_ASSESSMENT", "CLD_SERVICE", "CLD_REVIEW", "CSDS_ACTIVITY"),
            ),
            profile=f"{UK_CORE}Procedure",
        ),
        ResourceMap(
            "AllergyIntolerance",
            code=("code",),
            time=("onsetDateTime", "onsetPeriod.start", "recordedDate"),
            recorded=("recordedDate",),
            subject="patient",
            family="ALLERGY",
            absent=((_VERIFICATION, ("refuted", _ERROR)),),
            families=("ALLERGY",),
            profile=f"{UK_CORE}AllergyIntolerance",
            date_search="onset",
        ),
        ResourceMap(
            "Immunization",
            code=("vaccineCode",),
            time=("occurrenceDateTime",),
            recorded=("recorded",),
            subject="patient",
            family="IMMUNISATION",
            absent=(("status", ("not-done", _ERROR)),),
            families=("IMMUNISATION",),
            profile=f"{UK_CORE}Immunization",
            code_search="vaccine-code",
        ),
        ResourceMap(
            "ServiceRequest",
            code=("code",),
            time=("authoredOn", "occurrenceDateTime", "occurrencePeriod.start"),
            end=("occurrencePeriod.end",),
            recorded=("authoredOn",),
            family="REQUEST",
            absent=(("status", ("draft", _ERROR)), ("doNotPerform", ("True",))),
            families=("REQUEST", "MHS_REFERRAL", "CSDS_REFERRAL", "CLD_REQUEST"),
            profile=f"{UK_CORE}ServiceRequest",
            date_search="authored",
        ),
        ResourceMap(
            "DiagnosticReport",
            code=("code",),
            time=("effectiveDateTime", "effectivePeriod.start", "issued"),
            end=("effectivePeriod.end",),
            recorded=("issued",),
            family="REPORT",
            absent=(("status", ("registered", "cancelled", _ERROR)),),
            families=("REPORT",),
            profile=f"{UK_CORE}DiagnosticReport",
        ),
        ResourceMap(
            "RiskAssessment",
            code=("code", "method"),
            time=("occurrenceDateTime", "occurrencePeriod.start"),
            family="RISK",
            absent=(("status", ("registered", "cancelled", _ERROR)),),
            number=("prediction.probabilityDecimal",),
            families=("RISK",),
            code_search="",
        ),
    )
}
"""Every type that tells of what happened, by name; `Patient` says who it happened to."""

TYPE_OF = {family: one.type for one in RESOURCES.values() for family in one.families}
"""Type that a vocabulary's events are written as; any other is an `Observation`."""

FAMILIES = frozenset(one.family for one in RESOURCES.values() if one.family)
"""Vocabularies that stand before another: `ALLERGY//SNOMED//764146007`."""

_R4_TYPES = """
Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem
ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest
CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest
CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement
DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest
EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit
FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization
ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List
Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge
MedicationRequest MedicationStatement MedicinalProduct MessageDefinition MessageHeader MolecularSequence NamingSystem
NutritionOrder Observation ObservationDefinition OperationDefinition OperationOutcome Organization
OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner
PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson RequestGroup
ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment RiskEvidenceSynthesis
Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap Subscription
Substance SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport TestScript
ValueSet VerificationResult VisionPrescription
"""
R4_TYPES = frozenset(_R4_TYPES.split())
"""Names that a report may repeat: a type that is none of them could be anything."""
