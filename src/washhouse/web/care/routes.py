"""Pages of the clinician."""

from __future__ import annotations

from washhouse.governance.permissions import Action
from washhouse.web.care.caseload import export_caseload, search_caseload, show_caseload
from washhouse.web.care.emergency import close_access, open_emergency, show_emergency
from washhouse.web.care.find import find_people, show_find
from washhouse.web.care.follow_up import undo_follow_up
from washhouse.web.care.network import show_network
from washhouse.web.care.next_contact import export_next_contacts, show_next_contacts
from washhouse.web.care.patient_record import show_patient_record
from washhouse.web.care.person import follow_up_review, review_person, show_person
from washhouse.web.care.review import undo_review
from washhouse.web.care.saved_views import drop_view, keep_view
from washhouse.web.care.step_down import decide_step_down, show_step_down, show_step_downs, undo_step_down
from washhouse.web.care.trend import show_trend
from washhouse.web.care.viewers import show_viewers
from washhouse.web.shell.pages import MenuItem, Open, Page

PAGES = (
    Page("GET", "/caseload", show_caseload, Action.READ_CASELOAD),
    Page("POST", "/caseload", search_caseload, Action.READ_CASELOAD),
    Page("GET", "/caseload.csv", export_caseload, Action.READ_CASELOAD),
    Page("POST", "/caseload.csv", export_caseload, Action.READ_CASELOAD),
    Page("POST", "/caseload/views", keep_view, Open.SIGNED_IN),
    Page("POST", "/caseload/views/remove", drop_view, Open.SIGNED_IN),
    Page("GET", "/next-contact", show_next_contacts, Action.READ_CASELOAD),
    Page("GET", "/next-contact.csv", export_next_contacts, Action.READ_CASELOAD),
    Page("GET", "/find", show_find, Action.FIND_PERSON),
    Page("POST", "/find", find_people, Action.FIND_PERSON),
    Page("GET", "/step-down", show_step_downs, Action.REVIEW_STEP_DOWN),
    Page("GET", "/people/{person_id}", show_person, Action.READ_PERSON),
    Page("GET", "/people/{person_id}/emergency", show_emergency, Action.BREAK_GLASS),
    Page("POST", "/people/{person_id}/emergency", open_emergency, Action.BREAK_GLASS),
    Page("POST", "/people/{person_id}/emergency/close", close_access, Action.BREAK_GLASS),
    Page("GET", "/people/{person_id}/trend", show_trend, Action.READ_PERSON),
    Page("POST", "/people/{person_id}/patient-record", show_patient_record, Action.OPEN_PATIENT_RECORD),
    Page("GET", "/people/{person_id}/network", show_network, Action.READ_RELATIONS),
    Page("GET", "/people/{person_id}/viewers", show_viewers, Action.VIEW_AUDIT_OF_PERSON),
    Page("GET", "/people/{person_id}/step-down", show_step_down, Action.REVIEW_STEP_DOWN),
    Page("POST", "/people/{person_id}/step-down", decide_step_down, Action.REVIEW_STEP_DOWN),
    Page("POST", "/people/{person_id}/step-down/{decision_id}/undo", undo_step_down, Action.REVIEW_STEP_DOWN),
    Page("POST", "/people/{person_id}/reviews", review_person, Action.REVIEW),
    Page("POST", "/people/{person_id}/reviews/{review_id}/undo", undo_review, Action.REVIEW),
    Page("POST", "/people/{person_id}/reviews/{review_id}/follow-up", follow_up_review, Action.REVIEW),
    Page("POST", "/people/{person_id}/reviews/{review_id}/follow-up/undo", undo_follow_up, Action.REVIEW),
)

MENU = (
    MenuItem("Caseload", "/caseload", Action.READ_CASELOAD),
    MenuItem("Next contact", "/next-contact", Action.READ_CASELOAD),
    MenuItem("Find a person", "/find", Action.FIND_PERSON),
    MenuItem("Step-down", "/step-down", Action.REVIEW_STEP_DOWN),
)
