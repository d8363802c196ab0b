"""What the tests of the codecs share: our own vectors, and those of vendors."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

# The long run: `make fuzz`. Without it hypothesis takes its usual 100 examples for each test.
settings.register_profile(
    "fuzz", max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)

HERE = Path(__file__).parent
VENDOR_FILE = HERE.parents[2] / "shared" / "data" / "codecs" / "parking_bench_vectors.jsonl"


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"devices_tests_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def vendor_vectors() -> list:
    """Every vendor vector of our models; they are third-party data, kept beside the repository."""
    if not VENDOR_FILE.exists():
        pytest.skip(f"the vendors' vectors are not at {VENDOR_FILE}")
    return _module(HERE / "vendor_vectors.py").load(VENDOR_FILE)
