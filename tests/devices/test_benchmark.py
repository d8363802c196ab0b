"""benchmarks/codecs.py runs, and ends with the line that scripts read."""

import json
import subprocess
import sys
from pathlib import Path

from devices.catalogue import MODELS

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "codecs.py"


def test_a_quick_look_ends_with_one_json_line_that_has_every_model():
    done = subprocess.run([sys.executable, SCRIPT, "--quick", "--json"], capture_output=True, text=True, check=True)
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    assert result["native_per_s"].keys() == result["ratio_to_event_json"].keys() == {model.key for model in MODELS}
    assert all(rate > 0 for rate in result["native_per_s"].values())
    assert result["javascript_per_s"].keys() == {"single", "batched"}
    assert all(rate > 0 for rate in result["javascript_per_s"].values())
    assert {"median_ratio_to_event_json", "lpp_ratio_to_pycayennelpp"} <= result.keys()
