// Byte 0: bit 0 occupied. Byte 1, where there is one: battery in tenths of a volt.
function decodeUplink(input) {
  if (input.bytes.length < 1 || input.bytes.length > 2) return { errors: ["1 or 2 bytes expected"] };
  const data = { state: input.bytes[0] & 1 ? "taken" : "empty" };
  if (input.bytes.length > 1) data.battery = { dV: input.bytes[1] };
  return { data };
}
