// Byte 0: bit 0 occupied. Byte 1, where there is one: battery in tenths of a volt. On port 3: how it is set, the minutes.
function decodeUplink(input) {
  if (input.fPort === 3 && input.bytes.length === 2) return { data: { interval_min: (input.bytes[0] << 8) | input.bytes[1] } };
  if (input.bytes.length < 1 || input.bytes.length > 2) return { errors: ["1 or 2 bytes expected"] };
  const data = { state: input.bytes[0] & 1 ? "taken" : "empty" };
  if (input.bytes.length > 1) data.battery = { dV: input.bytes[1] };
  return { data };
}

// 01 and the minutes between reports; 02 starts it anew.
function encodeDownlink(input) {
  if (input.data.reboot) return { fPort: 3, bytes: [2] };
  const minutes = input.data.interval_min;
  return { fPort: 3, bytes: [1, minutes >> 8, minutes & 255] };
}
