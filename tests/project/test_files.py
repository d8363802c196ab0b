import re

VAGUE = {"util", "utils", "helper", "helpers", "manager", "managers", "base", "common", "misc", "core", "lib"}
CODE = {".py", ".sql", ".js", ".mjs", ".css", ".html", ".sh", ".yml", ".conf", ""}
MOST_LINES = 400


def text_of(path):
    """The text of a file; None for bytes."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def test_every_module_has_a_name_that_says_what_it_is_about(modules):
    assert [path for path in modules if path.stem in VAGUE or path.parent.name in VAGUE] == []


def test_no_file_is_too_long_to_be_read(root, files):
    written = [path for path in files if path.parts[0] != "tests" and path.suffix in CODE]
    lines = {path: len((text_of(root / path) or "").splitlines()) for path in written}

    assert len(written) > 100
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_no_file_names_a_host_of_packages(root, files):
    # Everybody installs from where their own machine says. Put together here, so that this file names none itself.
    hosts = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("yarnpkg", "com"))
    ]
    wanted = re.compile("|".join(re.escape(host) for host in hosts))

    assert [str(path) for path in files if wanted.search(text_of(root / path) or "")] == []


def test_no_lock_file_says_where_a_package_came_from(root, files):
    locks = [path for path in files if path.suffix == ".lock" or path.name.endswith(("-lock.json", ".lock.json"))]

    assert {path.name for path in locks} >= {"dev.lock", "demo.lock", "server.lock", "package-lock.json"}
    for path in locks:
        text = (root / path).read_text()
        assert '"resolved"' not in text, path
        assert "://" not in re.sub(r'"(?:url|funding)": ".*"', "", text), path
        assert "index-url" not in text, path


def test_every_pinned_package_has_a_hash(root):
    for lock in (root / "requirements").glob("*.lock"):
        pinned = re.findall(r"^([\w.\[\],-]+==\S+)((?:.*\\\n)*.*)$", lock.read_text(), re.MULTILINE)
        assert len(pinned) > 10
        assert [name for name, rest in pinned if "--hash=sha256:" not in rest] == []


def test_the_licence_is_mit(root, pyproject):
    assert (root / "LICENSE").read_text().startswith("MIT License\n")
    assert pyproject["project"]["license"] == "MIT"


def test_the_changelog_has_room_for_the_next_change(root):
    headings = re.findall(r"^## (.*)$", (root / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0].strip("[]") == "Unreleased"


def test_no_file_has_a_line_of_a_merge_conflict(root, files):
    marks = re.compile(r"^(<{7} |>{7} )", re.MULTILINE)

    assert [str(path) for path in files if marks.search(text_of(root / path) or "")] == []


def test_every_link_in_the_documents_leads_to_a_file(root, files):
    for path in files:
        if path.suffix != ".md":
            continue
        targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)[^)]*\)", (root / path).read_text())
        assert [target for target in targets if not (root / path.parent / target).exists()] == [], path


def test_what_holds_secrets_is_never_committed(root):
    assert {".smartplace/", "/.env"} <= set((root / ".gitignore").read_text().splitlines())
