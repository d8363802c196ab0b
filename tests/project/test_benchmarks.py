import ast
import importlib

import pytest


def test_what_benchmarks_take_from_us_is_there(root):
    # They are run by hand: a name that moved would be noticed a year later.
    wanted = [
        (path.name, node.module, alias.name)
        for path in (root / "benchmarks").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and (root / node.module.split(".")[0]).is_dir()
        for alias in node.names
    ]

    assert len(wanted) > 30
    for path, module, name in wanted:
        if not hasattr(importlib.import_module(module), name):
            try:
                importlib.import_module(f"{module}.{name}")
            except ModuleNotFoundError:
                pytest.fail(f"benchmarks/{path}: there is no {name} in {module}")
