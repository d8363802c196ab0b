"""What `benchmarks.accuracy` prints and writes: lines, tables, charts."""


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


# The table to beat (docs/accuracy.md). By loss, heartbeat and outage: share of bay-time wrong, errors of area and of
# blocks of 20 bays, share of time in which a block is off by two bays or more.
REFERENCE = {
    (1, "none", False): (1.1, 0.5, 1.0, 1.0),
    (2, "none", False): (1.9, 0.6, 1.6, 2.7),
    (5, "none", False): (4.8, 1.1, 3.4, 11.8),
    (5, "24 h", False): (4.4, 1.0, 3.2, 10.5),
    (5, "4 h", False): (3.4, 0.9, 2.6, 6.7),
    (5, "1 h", False): (1.8, 0.6, 1.6, 2.4),
    (10, "none", False): (9.1, 1.7, 5.1, 24.9),
    (10, "24 h", False): (8.2, 1.5, 4.8, 22.7),
    (10, "4 h", False): (6.8, 1.3, 4.1, 17.4),
    (10, "1 h", False): (3.7, 0.9, 2.7, 7.4),
    (20, "none", False): (16.8, 2.9, 7.3, 41.5),
    (20, "1 h", False): (7.9, 1.3, 4.6, 21.4),
    (2, "none", True): (4.8, 1.0, 2.8, 9.7),
    (2, "1 h", True): (2.4, 0.5, 1.3, 3.5),
}
_FIGURES = ("wrong", "area_mae", "block_mae", "block_off")


def markdown(cells: list[dict]) -> str:
    """The tables of docs/accuracy.md: of the reference's cells, and of the street for each sensor."""
    table = [one for one in cells if one["name"] == "table"]
    parts = [_against_reference(table)] if table else []
    for model in sorted({one["model"] for one in cells if one["name"] == "street"}):
        parts += [
            f"`{model}`:\n",
            _of_street([one for one in cells if (one["name"], one["model"]) == ("street", model)]),
        ]
    return "\n".join(parts)


def _against_reference(cells: list[dict]) -> str:
    lines = [
        "| loss | heartbeat | bay-time wrong | area | block of 20 | block off by 2 bays |",
        "|---|---|---|---|---|---|",
    ]
    for cell in cells:
        known = REFERENCE[cell["loss"], cell["beat"], cell["outage"]]
        told = [f"{cell['ours'][name]:.2f} ({there:g})" for name, there in zip(_FIGURES, known, strict=True)]
        outage = " and an hour's outage a day" if cell["outage"] else ""
        lines.append(f"| {cell['loss']} %{outage} | {cell['beat']} | {' | '.join(told)} |")
    return "\n".join([*lines, ""])


def _of_street(cells: list[dict]) -> str:
    lines = [
        "| loss | heartbeat | bay-time wrong | unknown | area | block of 20 | block off by 2 bays"
        " | a wrong state lasts, min | false free, min a bay and day |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        ours, naive = cell["ours"], cell["naive"]
        told = [f"{ours[name]:.2f} ({naive[name]:.2f})" for name in ("wrong", "unknown", *_FIGURES[1:])]
        told += [f"{ours[name]:.1f} ({naive[name]:.1f})" for name in ("wrong_mean_min", "false_free_min")]
        lines.append(f"| {cell['loss']} % | {cell['beat']} | {' | '.join(told)} |")
    return "\n".join([*lines, ""])
