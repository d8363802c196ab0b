"""History second by second, in plain Python: slow, short, and made without a look at `domain.spans`.

Seconds are counted from an origin. A moment of the answer is (state, taken, quality).
"""

from domain.uplinks import Kind

UNKNOWN = ("unknown", 0, "observed")
CLOSED = ("closed", 0, "observed")


def heard(words):
    """The last believed word of each second, by second; what leapt away and back says what was said before it."""
    told = {}
    for word in sorted(words, key=order):
        capacity = word.get("capacity")
        if capacity is None:
            told[int(word["at"])] = word
        elif 0 <= word["taken"] <= capacity + max(1, capacity // 10):
            told[int(word["at"])] = {**word, "taken": min(word["taken"], capacity)}
    seconds = list(told)
    leapt = {}
    for earlier, before, second, after in zip(seconds, seconds[1:], seconds[2:], seconds[3:], strict=False):
        capacity = told[second].get("capacity")
        if capacity is None:
            continue
        others = [told[one]["taken"] for one in (earlier, before, after)]
        away = [abs(told[second]["taken"] - other) for other in others]
        if (
            min(away) > 20
            and min(away) > capacity / 2
            and max(others) - min(others) <= capacity / 10
            and after - second <= 2700
            and after - earlier <= 10800
        ):
            leapt[second] = {**told[second], "taken": told[before]["taken"], "leapt": True}
    return told | leapt


def order(word):
    return (
        word["at"], word["f_cnt"], word["taken"] > 0, word["until"], word["taken"],
        word["kind"], word["device"], word["counted"], word["previous"] or 0, word["debounce"],
        word["previous"] is not None,
    )  # fmt: skip


def moments(words, closures, horizon):
    """What is true in each second from the first word or closure to the horizon; None before."""
    told = heard(words)
    answer = [None] * horizon
    first = min([*told, *(begins for begins, _ in closures)], default=horizon)
    taken, by = plain(told, horizon)
    smooth(taken, by, told)
    for second in range(first, horizon):
        answer[second] = UNKNOWN
        if taken[second] is not None:
            answer[second] = ("occupied" if taken[second] else "free", taken[second], by[second])
        if any(begins <= second < ends for begins, ends in closures):
            answer[second] = CLOSED
    return answer


def plain(told, horizon):
    taken, by = [None] * horizon, ["observed"] * horizon
    seconds = sorted(told)
    for number, second in enumerate(seconds):
        word = told[second]
        following = seconds[number + 1] if number + 1 < len(seconds) else horizon
        for at in range(second, following):
            taken[at] = word["taken"] if at < int(word["until"]) else None
            if word.get("leapt") and taken[at] is not None:
                by[at] = "repaired"
        if following < horizon:
            infer(taken, by, word, told[following], second, following)
    return taken, by


def infer(taken, by, word, following, begins, ends):
    """What the following word proves of the time before it."""
    if word["counted"] or following["counted"]:
        return
    other = 0 if following["taken"] else 1
    missing = following["f_cnt"] - word["f_cnt"] - 1 if word["device"] == following["device"] else 0
    middle = begins + (ends - begins) // 2
    heard_all_along = int(word["until"]) >= ends
    if following["kind"] is not Kind.EVENT:
        if word["taken"] != following["taken"] and missing > 0 and heard_all_along:
            for at in range(middle, ends):
                taken[at], by[at] = following["taken"], "inferred"
        return
    if following["previous"] is not None:
        before = max(begins, ends - max(following["previous"], 1))
        longer_by = max(60, following["previous"] / 4) if following["previous"] < 39600 else 10**9
        if word["taken"] != following["taken"] and heard_all_along:
            if missing > 1 and before - begins > longer_by:
                for at in range(begins + (before - begins) // 2, ends):
                    taken[at], by[at] = (following["taken"] if at < before else other), "inferred"
            return
        for at in range(max(begins, ends - max(following["previous"], 1)), ends):
            if taken[at] != other:
                taken[at], by[at] = other, "inferred"
    elif word["taken"] == following["taken"] and missing > 0 and heard_all_along:
        for at in range(middle, ends):
            taken[at], by[at] = other, "inferred"


def smooth(taken, by, told):
    """Runs of equal known seconds that are too short are told as the one before."""
    if not any(word["debounce"] for word in told.values()):
        return  # none is shorter than no time at all
    limits = {}
    newest = None
    for second in range(len(taken)):
        newest = told.get(second, newest)
        limits[second] = newest["debounce"] if newest else 0
    runs = []
    for second, value in enumerate(taken):
        if runs and taken[runs[-1][-1]] == value:
            runs[-1].append(second)
        else:
            runs.append([second])
    original = list(taken)
    for number in range(1, len(runs) - 1):
        run = runs[number]
        before, after = taken[run[0] - 1], original[run[-1] + 1]
        if None in (before, original[run[0]], after):
            continue
        if len(run) < min(limits[second] for second in run):
            for second in run:
                taken[second], by[second] = before, "repaired"


def arrivals(words, closures, horizon, answer=None):
    """(second, arrivals, departures) wherever something came or went; `answer` is that of `moments`, if it is known."""
    told, answer = heard(words), answer or moments(words, closures, horizon)
    found, known = [], None
    for second in range(horizon):
        now, before = answer[second], answer[second - 1] if second else None
        if now is None or now[0] == "unknown":
            continue
        if now[0] == "closed":
            known = None
            continue
        change = now[1] - known if known is not None else 0
        if change:
            found.append((second, max(0, change), max(0, -change)))
        elif (
            known == now[1] == 1
            and before == UNKNOWN
            and now[2] == "observed"
            and second in told
            and told[second]["kind"] is Kind.EVENT
        ):
            found.append((second, 1, 1))
        known = now[1]
    return found
