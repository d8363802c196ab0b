"""Templates: one Jinja environment that escapes everything and refuses undefined names."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from dashboard import times, wording
from dashboard.static_files import asset_url
from domain.times import rfc3339

TEMPLATES_DIR = Path(__file__).parent / "templates"
USED_ON_EVERY_PAGE = ("vendor/govuk-frontend.min.css", "smartplace.css", "live.js")


class Templates:
    """Renders pages in the name of one organisation."""

    def __init__(self, organisation: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES_DIR),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "organisation": organisation,
            "asset_url": asset_url,
            "wording": wording,
            "times": times,
            "rfc3339": rfc3339,
        }
        for path in USED_ON_EVERY_PAGE:
            asset_url(path)

    def page(self, template: str, *, status_code: int = 200, **values: object) -> HTMLResponse:
        """A page."""
        html = self._environment.get_template(template).render(values)
        return HTMLResponse(html, status_code=status_code, headers={"Cache-Control": "no-cache"})

    def problem(self, status_code: int, title: str, message: str) -> HTMLResponse:
        """A page that says what went wrong and where to go."""
        return self.page("problem.html", status_code=status_code, title=title, message=message)
