"""The rules of WCAG, asked of a page in a browser by axe."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    # Of what is well one element for each rule: to describe all of them takes longer than to judge them.
    "resultTypes": ["violations"],
}


def assert_no_rule_is_broken(page: Page, what: str) -> None:
    """Fail with every element that breaks a rule; `what` says which page it is."""
    found = Axe().run(page, options=_OPTIONS)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
