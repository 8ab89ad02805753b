"""The pages, in the order of the menu. A page is one file here, one template, one line of this table and its test."""

from __future__ import annotations

from dashboard.view import View
from dashboard.views.alerts import VIEW as ALERTS
from dashboard.views.console import VIEW as CONSOLE
from dashboard.views.history import VIEW as HISTORY
from dashboard.views.instruments import VIEW as INSTRUMENTS
from dashboard.views.links import VIEW as LINKS
from dashboard.views.log import VIEW as LOG
from dashboard.views.now import VIEW as NOW
from dashboard.views.people import VIEW as PEOPLE
from dashboard.views.positions import VIEW as POSITIONS
from dashboard.views.proposals import VIEW as PROPOSALS
from dashboard.views.research import VIEW as RESEARCH
from dashboard.views.settings import VIEW as SETTINGS
from dashboard.views.tasks import VIEW as TASKS

VIEWS: tuple[View, ...] = (
    NOW,
    PROPOSALS,
    POSITIONS,
    ALERTS,
    TASKS,
    LINKS,
    INSTRUMENTS,
    HISTORY,
    RESEARCH,
    LOG,
    PEOPLE,
    SETTINGS,
    CONSOLE,
)
