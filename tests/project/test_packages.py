import ast
from importlib.metadata import packages_distributions


def test_the_tools_look_at_every_package(root, pyproject, packages):
    found = sorted(path.parent.name for path in root.glob("*/__init__.py"))

    assert packages == found
    assert pyproject["tool"]["mypy"]["packages"] == found
    assert pyproject["tool"]["importlinter"]["root_packages"] == found


def test_no_other_distribution_claims_our_names(packages):
    claims = packages_distributions()

    assert "fastapi" in claims
    assert {name: claims[name] for name in packages if set(claims.get(name, [])) - {"smartplace"}} == {}


def test_every_module_says_in_a_docstring_what_it_is_for(modules):
    assert len(modules) > 100
    for path in modules:
        docstring = ast.get_docstring(ast.parse(path.read_text()))
        assert docstring, path
        assert docstring.splitlines()[0][-1] in ".:?", path


def test_tests_are_no_packages(root):
    assert list((root / "tests").rglob("__init__.py")) == []
