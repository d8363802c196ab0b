-- What devices said of themselves in some frames: of each value the newest that was said, by event time. Of two values of
-- one moment the greater counts. Their rows are there: `apply_conditions` came before.
UPDATE device_state AS now
SET battery_percent = CASE WHEN (said.battery_percent_at, said.battery_percent)
        > (coalesce(now.battery_percent_at, '-infinity'), now.battery_percent)
        THEN said.battery_percent ELSE now.battery_percent END,
    battery_percent_at = greatest(now.battery_percent_at, said.battery_percent_at),
    battery_volts = CASE WHEN (said.battery_volts_at, said.battery_volts)
        > (coalesce(now.battery_volts_at, '-infinity'), now.battery_volts)
        THEN said.battery_volts ELSE now.battery_volts END,
    battery_volts_at = greatest(now.battery_volts_at, said.battery_volts_at),
    battery_low = CASE WHEN (said.battery_low_at, said.battery_low)
        > (coalesce(now.battery_low_at, '-infinity'), now.battery_low)
        THEN said.battery_low ELSE now.battery_low END,
    battery_low_at = greatest(now.battery_low_at, said.battery_low_at),
    fault = CASE WHEN (said.fault_at, said.fault) > (coalesce(now.fault_at, '-infinity'), now.fault)
        THEN said.fault ELSE now.fault END,
    fault_at = greatest(now.fault_at, said.fault_at),
    tamper = CASE WHEN (said.tamper_at, said.tamper) > (coalesce(now.tamper_at, '-infinity'), now.tamper)
        THEN said.tamper ELSE now.tamper END,
    tamper_at = greatest(now.tamper_at, said.tamper_at)
FROM unnest(%(device_keys)b::int4[],
            %(battery_percent_at)b::timestamptz[], %(battery_percent)b::float4[],
            %(battery_volts_at)b::timestamptz[], %(battery_volts)b::float4[],
            %(battery_low_at)b::timestamptz[], %(battery_low)b::bool[],
            %(fault_at)b::timestamptz[], %(fault)b::bool[], %(tamper_at)b::timestamptz[], %(tamper)b::bool[])
    AS said (device_key, battery_percent_at, battery_percent, battery_volts_at, battery_volts, battery_low_at, battery_low,
             fault_at, fault, tamper_at, tamper)
WHERE now.device_key = said.device_key
