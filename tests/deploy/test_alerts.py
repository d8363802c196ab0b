"""The alert rules for Prometheus speak of metrics that exist, in words that they have."""

import re
from pathlib import Path

import pytest
import yaml

from domain.alarms import AlarmCode, Severity
from domain.errors import Reason
from ingest.metered import NOTICE_CODES

ROOT = Path(__file__).parents[2]
GROUPS = yaml.safe_load((ROOT / "prometheus/alerts.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
KINDS = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs/monitoring.md").read_text(), re.MULTILINE))
LABELS = {
    "job": None,
    "source": {"mqtt", "jetstream", "http", "spool"},
    "reason": {reason.value for reason in Reason},
    "code": {*NOTICE_CODES, "other", *AlarmCode},
    "severity": set(Severity),
    "status": {"1xx", "2xx", "3xx", "4xx", "5xx"},
    "route": {"/readyz"},
}

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


def test_there_are_rules_and_no_two_of_one_name():
    assert len({rule["alert"] for rule in RULES}) == len(RULES) > 10


@each_rule
def test_a_rule_has_what_prometheus_and_a_person_need(rule):
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
    assert rule["expr"].count("(") == rule["expr"].count(")")


@each_rule
def test_a_rule_speaks_of_metrics_that_exist(rule):
    used = re.findall(r"\b((?:smartplace|process)_\w+|up)\b", re.sub(r'"[^"]*"', '""', rule["expr"]))
    assert used
    for name in used:
        base = name if name in KINDS else re.sub(r"_(bucket|sum|count)$", "", name)
        assert name == "up" or base in KINDS, name
        assert (base != name) is (KINDS.get(base) == "histogram"), name


@each_rule
def test_a_rule_asks_for_labels_and_values_that_exist(rule):
    for label, values in re.findall(r'(\w+)(?:=~?|!=|!~)"([^"]*)"', rule["expr"]):
        known = LABELS[label]
        assert known is None or set(values.split("|")) <= known
