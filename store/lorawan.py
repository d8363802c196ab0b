"""Our LoRaWAN devices, for network servers to agree with."""

from domain.lorawan import RegisteredDevice
from store.pool import Pool, connected
from store.queries import query


async def registered_devices(pool: Pool) -> list[RegisteredDevice]:
    """Every device that goes by a dev_eui, by its id; raises StoreUnavailableError."""
    async with connected(pool) as connection:
        rows = await (await connection.execute(query("select_lorawan_devices"))).fetchall()
    return [RegisteredDevice(**row) for row in rows]
