"""Pages that every role shares."""

from __future__ import annotations

from washhouse.governance.permissions import Action
from washhouse.web.shell.decisions import answer_decision, undo_decision
from washhouse.web.shell.digest import show_digest
from washhouse.web.shell.emergency_accesses import review_access, show_accesses
from washhouse.web.shell.help import show_help
from washhouse.web.shell.home import show_home
from washhouse.web.shell.models import download_card, show_card, show_models
from washhouse.web.shell.pages import MenuItem, Open, Page
from washhouse.web.shell.safety import show_hazards, show_instructions
from washhouse.web.shell.sign_in import show_sign_in, sign_in, sign_out

PAGES = (
    Page("GET", "/", show_home, Open.SIGNED_IN),
    Page("GET", "/help", show_help, Open.PUBLIC),
    Page("GET", "/instructions", show_instructions, Open.SIGNED_IN),
    Page("GET", "/hazards", show_hazards, Open.SIGNED_IN),
    Page("GET", "/models", show_models, Open.SIGNED_IN),
    Page("GET", "/models/{model}.json", download_card, Open.SIGNED_IN),
    Page("GET", "/models/{model}", show_card, Open.SIGNED_IN),
    Page("GET", "/sign-in", show_sign_in, Open.PUBLIC),
    Page("POST", "/sign-in", sign_in, Open.PUBLIC),
    Page("GET", "/digest.eml", show_digest, Action.ANSWER_DECISION),
    Page("POST", "/decisions/{decision_id}/done", answer_decision, Action.ANSWER_DECISION),
    Page("POST", "/decisions/{decision_id}/undo", undo_decision, Action.ANSWER_DECISION),
    Page("GET", "/emergency-access", show_accesses, Action.REVIEW_EMERGENCY_ACCESS),
    Page("POST", "/emergency-access/{access_id}/review", review_access, Action.REVIEW_EMERGENCY_ACCESS),
    Page("POST", "/sign-out", sign_out, Open.SIGNED_IN),
)

MENU = (MenuItem("Emergency access", "/emergency-access", Action.REVIEW_EMERGENCY_ACCESS),)
