import pytest
from pydantic import SecretStr

from domain.errors import CommandError
from smartplace.settings import PREFIX, Settings, load, unknown_names


def secrets():
    return [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]


def test_every_field_is_documented_in_one_sentence():
    for name, field in Settings.model_fields.items():
        assert (field.description or "").endswith("."), name


def test_what_is_secret_is_never_shown():
    values = {name: "postgresql://u:hush-hush@h/d" if name == "database_url" else "hush-hush" for name in secrets()}
    settings = load(**values)

    assert set(values) == {
        "database_url",
        "mqtt_password",
        "manage_password",
        "metrics_token",
        "session_key",
        "chirpstack_url",
        "chirpstack_api_key",
        "things_stack_url",
        "things_stack_api_key",
    }
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "hush" not in shown


def test_every_name_with_password_key_or_url_is_secret():
    telling = {name for name in Settings.model_fields if name.endswith(("password", "key", "url", "token", "secret"))}

    assert telling == set(secrets())


def test_a_misspelt_variable_is_found(monkeypatch):
    monkeypatch.setenv("SMARTPLACE_MQTT_HSOT", "x")
    monkeypatch.setenv("SMARTPLACE_MQTT_HOST", "broker")
    monkeypatch.setenv("smartplace_http_port", "8081")
    monkeypatch.setenv("OTHER_THING", "x")

    assert unknown_names() == ["SMARTPLACE_MQTT_HSOT"]


def test_the_environment_is_read_and_values_go_before_it(monkeypatch):
    monkeypatch.setenv("SMARTPLACE_HTTP_PORT", "9000")
    monkeypatch.setenv("SMARTPLACE_MQTT_HOST", "broker")
    settings = load(mqtt_host="other")

    assert (settings.http_port, settings.mqtt_host) == (9000, "other")


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        load().http_port = 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "http"),
        ("HTTP_PORT", "0"),
        ("MQTT_PORT", "65536"),
        ("MQTT_VERSION", "3"),
        ("BATCH_ROWS", "0"),
        ("TICK_SECONDS", "0"),
        ("FRAME_VALIDITY_S", "121"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "debug"),
        ("SECURE_COOKIES", "perhaps"),
        ("DATABASE_URL", "nonsense"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_variable(monkeypatch, smartplace, name, value):
    monkeypatch.setenv(PREFIX + name, value)
    outcome = smartplace("openapi")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"smartplace: wrong settings: {PREFIX}{name}: ")
    assert outcome.err.count("\n") == 1


def test_all_wrong_values_are_named_at_once(monkeypatch):
    monkeypatch.setenv("SMARTPLACE_HTTP_PORT", "http")
    monkeypatch.setenv("SMARTPLACE_BATCH_ROWS", "0")

    with pytest.raises(CommandError, match=r"SMARTPLACE_BATCH_ROWS: .*; SMARTPLACE_HTTP_PORT: "):
        load()


def test_a_wrong_connection_string_is_not_repeated(monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", "host=x password=hush hush-hush")

    with pytest.raises(CommandError) as failed:
        load()
    assert "hush" not in str(failed.value)
