"""Every statement is a file or a literal: none is put together from parts."""

import ast

import pytest

EXECUTES = {"execute", "executemany", "copy"}


@pytest.fixture(scope="module")
def trees(root):
    return {path: ast.parse(path.read_text()) for path in sorted((root / "store").rglob("*.py"))}


@pytest.fixture(scope="module")
def queries(root):
    return {path.stem: path for path in (root / "store" / "sql" / "queries").glob("*.sql")}


def literal_parameters(function):
    """Parameters that only take literals, says their type, which mypy checks."""
    return {
        one.arg
        for one in [*function.args.args, *function.args.kwonlyargs]
        if isinstance(one.annotation, ast.Name) and one.annotation.id == "LiteralString"
    }


def is_constant(statement, function):
    """A literal, a query by name, a migration's own bytes, or a parameter that only takes literals."""
    match statement:
        case ast.Constant(value=str()):
            return True
        case ast.Call(func=ast.Name(id="query"), args=[ast.Constant(value=str()) | ast.Name()], keywords=[]):
            return True
        case ast.Attribute(value=ast.Name(id="step"), attr="sql"):
            return True
        case ast.Name(id=name):
            return name in literal_parameters(function)
    return False


def executions(tree):
    """Each statement that is executed, and the function around it."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in EXECUTES:
                yield node.args[0], function


def test_no_statement_is_put_together(trees):
    found = [(path, statement, function) for path, tree in trees.items() for statement, function in executions(tree)]

    assert len(found) > 20
    for path, statement, function in found:
        assert is_constant(statement, function), f"{path.name}:{statement.lineno}: {ast.unparse(statement)}"


@pytest.mark.parametrize(
    "statement", ["f'SELECT {x}'", "'SELECT ' + x", "'SELECT %s' % x", "'SELECT {}'.format(x)", "x", "query(f'{x}')"]
)
def test_what_is_put_together_would_be_found(statement):
    function = ast.parse(f"def f(x: str):\n    connection.execute({statement})").body[0]

    assert [is_constant(*one) for one in executions(ast.Module([function], []))] == [False]


def test_every_query_is_used_and_every_used_one_is_there(trees, queries):
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    asked = {
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "query"
        and isinstance(node.args[0], ast.Constant)
    }

    assert set(queries) - words == set()
    assert asked - set(queries) == set()
    assert len(asked) > 15


def test_every_query_is_one_statement(queries):
    for name, path in queries.items():
        code = "\n".join(line.partition("--")[0] for line in path.read_text().splitlines()).strip()
        assert code, name
        assert ";" not in code.removesuffix(";"), name
