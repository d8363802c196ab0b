from smartplace.settings import load
from smartplace.workers import _worker


def test_each_worker_has_names_a_spool_and_a_port_of_its_own(tmp_path):
    settings = load(spool_file=tmp_path / "spool.db", ingest_http_port=9000)
    environments = [dict(_worker(settings, number).environment) for number in (1, 2)]

    assert environments[0] == {
        "SMARTPLACE_MQTT_CLIENT_ID": "smartplace-ingest-1",
        "SMARTPLACE_MQTT_SHARE_GROUP": "smartplace",
        "SMARTPLACE_INGEST_HTTP_PORT": "9000",
        "SMARTPLACE_SPOOL_FILE": str(tmp_path / "spool.1.db"),
    }
    assert environments[1]["SMARTPLACE_INGEST_HTTP_PORT"] == "9001"
    assert not {name for name, value in environments[0].items() if environments[1][name] == value} - {
        "SMARTPLACE_MQTT_SHARE_GROUP"
    }


def test_no_port_stays_no_port():
    assert "SMARTPLACE_INGEST_HTTP_PORT" not in _worker(load(), 1).environment
