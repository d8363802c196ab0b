"""Which assets a question is about, as far as whoever asks may know of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.categories import Category
from domain.disclosure import ALWAYS, Linked, PrivacyRules, told_from
from domain.errors import UnknownPlaceError
from domain.figures import Beginnings, beginnings
from domain.history import Audience, By, Group, Question
from domain.places import AssetKind
from store.pool import Connection
from store.queries import one, query

_PARTS_A_BLOCK = {By.BAY, By.ZONE}
"""Answers that have one row for less than a whole block (see domain.disclosure)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenAsset:
    """An asset that counts in an answer from a moment on; `since` when it has a history, None if it has none."""

    key: int
    group: Group
    asset_id: str
    name: str
    kind: AssetKind
    site_id: str
    category: Category | None
    capacity: int
    limit_s: int | None
    home_linked: bool
    since: datetime | None
    counts_from: datetime = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The assets of a question, their groups in order, and how many were left out."""

    assets: Sequence[ChosenAsset]
    withheld: int

    @property
    def groups(self) -> list[Group]:
        """Each group once, in order."""
        return sorted({asset.group for asset in self.assets})

    @property
    def begun(self) -> Beginnings:
        """Of all of them."""
        return _begun(self.assets)

    def begun_by_group(self) -> Mapping[Group, Beginnings]:
        """Of each group."""
        members: dict[Group, list[ChosenAsset]] = {}
        for asset in self.assets:
            members.setdefault(asset.group, []).append(asset)
        return {group: _begun(assets) for group, assets in members.items()}

    def by_beginning(self) -> Mapping[datetime, list[ChosenAsset]]:
        """The assets by when they begin to count."""
        found: dict[datetime, list[ChosenAsset]] = {}
        for asset in self.assets:
            found.setdefault(asset.counts_from, []).append(asset)
        return found

    def columns(self) -> dict[str, object]:
        """What queries take: keys, the number of each asset's group, its limit."""
        numbers = {group: number for number, group in enumerate(self.groups)}
        return {
            "keys": [asset.key for asset in self.assets],
            "groups": [numbers[asset.group] for asset in self.assets],
            "limits": [asset.limit_s for asset in self.assets],
        }

    def only(self, wanted: Callable[[ChosenAsset], bool]) -> "Chosen":
        """Those of which this is so."""
        left = [asset for asset in self.assets if wanted(asset)]
        homes = sum(asset.home_linked for asset in self.assets) - sum(asset.home_linked for asset in left)
        return Chosen(assets=left, withheld=self.withheld + homes)


async def choose(connection: Connection, question: Question, rules: PrivacyRules) -> Chosen:
    """The assets; raises UnknownPlaceError where the question names what there is not."""
    selection = question.selection
    names: dict[str, object] = {
        name: getattr(selection, name) for name in ("site", "zone", "category", "ward", "asset")
    }
    names["kinds"] = sorted(selection.kinds)
    rows = await (await connection.execute(query("select_history_assets"), names)).fetchall()
    assets = [_asset(row, question.by) for row in rows]
    found = assets if question.audience is Audience.MANAGERS else _public(assets, question, rules.k)
    if not found:
        await _check(connection, question, names, hidden=bool(assets))
    return Chosen(assets=found, withheld=len(assets) - len(found))


def _public(assets: Sequence[ChosenAsset], question: Question, k: int) -> list[ChosenAsset]:
    linked = [Linked(asset.key, (asset.site_id, asset.category), asset.since) for asset in assets if asset.home_linked]
    selection = question.selection
    whole = question.by not in _PARTS_A_BLOCK and selection.zone is None and selection.asset is None
    told = told_from(linked, k) if whole else {}
    return [
        replace_from(asset, told[asset.key]) if asset.key in told else asset
        for asset in assets
        if not asset.home_linked or asset.key in told
    ]


def replace_from(asset: ChosenAsset, counts_from: datetime) -> ChosenAsset:
    """The asset, as if its history began then."""
    since = None if asset.since is None else max(asset.since, counts_from)
    values = {name: getattr(asset, name) for name in ChosenAsset.__slots__}
    return ChosenAsset(**values | {"since": since, "counts_from": counts_from})


async def _check(connection: Connection, question: Question, names: Mapping[str, object], *, hidden: bool) -> None:
    """That there is nothing, not that the name is wrong, or of something that is not told."""
    exists = await one(connection, "select_history_scope", names)
    for name in ("site", "zone", "ward", "asset"):
        wanted = getattr(question.selection, name)
        if wanted is not None and (not exists[name] or (name == "asset" and hidden)):
            raise UnknownPlaceError("bay" if name == "asset" else name, wanted)


def _begun(assets: Sequence[ChosenAsset]) -> Beginnings:
    return beginnings((asset.since, asset.capacity) for asset in assets if asset.since is not None)


def _asset(row: Mapping[str, object], by: By) -> ChosenAsset:
    minutes = row["max_stay_minutes"]
    return ChosenAsset(
        key=int(str(row["asset_key"])),
        group=_group(row, by),
        asset_id=str(row["asset_id"]),
        name=str(row["name"]),
        kind=AssetKind(str(row["kind"])),
        site_id=str(row["site_id"]),
        category=Category(str(row["category"])) if row["category"] else None,
        capacity=int(str(row["capacity"])),
        limit_s=None if minutes is None else 60 * int(str(minutes)),
        home_linked=bool(row["home_linked"]),
        since=row["since"],  # type: ignore[arg-type]
    )


def _group(row: Mapping[str, object], by: By) -> Group:
    match by:
        case By.BAY:
            return Group(str(row["asset_id"]), str(row["name"]))
        case By.SITE:
            return Group(str(row["site_id"]), str(row["site_name"]))
        case By.ZONE:
            return Group(str(row["zone_id"] or ""), str(row["zone_name"] or ""))
        case By.CATEGORY:
            return Group(str(row["category"] or ""), str(row["category"] or ""))
        case By.WARD:
            return Group(str(row["ward"] or ""), str(row["ward"] or ""))
    return Group("", "")
