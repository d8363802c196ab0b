"""What `benchmarks.accuracy` prints and writes: lines, tables, charts."""

PLACES = """
name = "Accuracy"
simulated = true
[[site]]
id = "lot"
name = "Lot"
kind = "car_park"
locality = "Loopback"
lon = 0.3
lat = 51.4
[[site.bays]]
category = "general"
model = "{model}"
count = {bays}
from = [0.3, 51.4]
to = [0.31, 51.41]
"""


def line_of(result: dict) -> str:
    """One cell for a terminal."""
    ours, naive = result["ours"], result["naive"]
    outage = "outage" if result["outage"] else ""
    what = f"{result['name']:6} {result['model']:12} {result['loss']:2}% beats {result['beat']:4} {outage:6}"
    told = "  ".join(
        f"{name} {one['wrong']:5.2f}%w {one['unknown']:5.2f}%u area {one['area_mae']:4.2f}"
        f" block {one['block_mae']:4.2f} off {one['block_off']:5.2f}%"
        for name, one in (("ours", ours), ("bare", result["without_inference"]), ("naive", naive))
    )
    lasts = f"lasts {ours['wrong_mean_min']:.0f}/{naive['wrong_mean_min']:.0f} min"
    false_free = f"false free {ours['false_free_min']:.1f}/{naive['false_free_min']:.1f}"
    took = f"{result['frames']} frames {result['store_s']}+{result['history_s']} s"
    return f"{what}  {told}  {lasts}  {false_free}  {took}"
