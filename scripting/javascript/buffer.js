// The part of Node's Buffer that codecs use. Evaluated before any codec; ends as the global `Buffer`.
(() => {
  "use strict";
  const HEX = "0123456789abcdef";

  const utf8 = (text) => {
    const escaped = encodeURIComponent(text);
    const octets = [];
    for (let at = 0; at < escaped.length; at++) {
      if (escaped[at] === "%") {
        octets.push(parseInt(escaped.slice(at + 1, at + 3), 16));
        at += 2;
      } else {
        octets.push(escaped.charCodeAt(at));
      }
    }
    return octets;
  };
  const latin = (text) => Array.from(text, (letter) => letter.charCodeAt(0) & 255);
  const hexadecimal = (text) => {
    const octets = [];
    for (let at = 0; at + 1 < text.length; at += 2) {
      const octet = Number("0x" + text.slice(at, at + 2));
      if (Number.isNaN(octet)) break;
      octets.push(octet);
    }
    return octets;
  };
  const base64 = (text) => latin(atob(text.replace(/-/g, "+").replace(/_/g, "/").replace(/[^A-Za-z0-9+/]/g, "")));
  const READERS = { utf8, "utf-8": utf8, ascii: latin, latin1: latin, binary: latin, hex: hexadecimal, base64 };

  const letters = (octets, mask) => Array.from(octets, (octet) => String.fromCharCode(octet & mask)).join("");
  const WRITERS = {
    hex: (octets) => Array.from(octets, (octet) => HEX[octet >> 4] + HEX[octet & 15]).join(""),
    ascii: (octets) => letters(octets, 127),
    latin1: (octets) => letters(octets, 255),
    binary: (octets) => letters(octets, 255),
    base64: (octets) => btoa(letters(octets, 255)),
    utf8: (octets) => decoded(octets),
    "utf-8": (octets) => decoded(octets),
  };

  // UTF-8 with U+FFFD for what is none.
  const decoded = (octets) => {
    let text = "";
    for (let at = 0; at < octets.length; ) {
      const first = octets[at];
      const length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : 4;
      try {
        const group = Array.from(octets.slice(at, at + length), (octet) => "%" + HEX[octet >> 4] + HEX[octet & 15]);
        text += decodeURIComponent(group.join(""));
        at += length;
      } catch {
        text += "\ufffd";
        at += 1;
      }
    }
    return text;
  };

  const pick = (table, name) => {
    const codec = table[String(name ?? "utf8").toLowerCase()];
    if (!codec) throw new TypeError("Unknown encoding: " + name);
    return codec;
  };

  class Buffer extends Uint8Array {
    static from(value, encoding) {
      if (typeof value === "string") return super.from(pick(READERS, encoding)(value));
      if (value instanceof ArrayBuffer) return new Buffer(value);
      return super.from(value && value.type === "Buffer" ? value.data : value);
    }
    static alloc(length, fill) {
      return fill === undefined ? new Buffer(length) : new Buffer(length).fill(fill);
    }
    static allocUnsafe(length) {
      return new Buffer(length);
    }
    static isBuffer(value) {
      return value instanceof Buffer;
    }
    static byteLength(text, encoding) {
      return Buffer.from(text, encoding).length;
    }
    static concat(list) {
      return Buffer.from(list.flatMap((part) => Array.from(part)));
    }
    slice(begin, end) {
      return this.subarray(begin, end);
    }
    toString(encoding, begin, end) {
      return pick(WRITERS, encoding)(Uint8Array.prototype.slice.call(this, begin, end));
    }
    toJSON() {
      return { type: "Buffer", data: Array.from(this) };
    }
    equals(other) {
      return this.length === other.length && this.every((octet, at) => octet === other[at]);
    }
    copy(target, to = 0, begin = 0, end = this.length) {
      const part = this.subarray(begin, Math.min(end, begin + target.length - to));
      target.set(part, to);
      return part.length;
    }
    write(text, at = 0) {
      return Buffer.from(text).copy(this, at);
    }
    readUIntBE(at, length) {
      let value = 0;
      for (let n = 0; n < length; n++) value = value * 256 + this[at + n];
      return value;
    }
    readUIntLE(at, length) {
      let value = 0;
      for (let n = length - 1; n >= 0; n--) value = value * 256 + this[at + n];
      return value;
    }
    readIntBE(at, length) {
      const value = this.readUIntBE(at, length);
      return value >= 2 ** (8 * length - 1) ? value - 2 ** (8 * length) : value;
    }
    readIntLE(at, length) {
      const value = this.readUIntLE(at, length);
      return value >= 2 ** (8 * length - 1) ? value - 2 ** (8 * length) : value;
    }
    writeUIntBE(value, at, length) {
      for (let n = length - 1; n >= 0; n--, value = Math.floor(value / 256)) this[at + n] = value & 255;
      return at + length;
    }
    writeUIntLE(value, at, length) {
      for (let n = 0; n < length; n++, value = Math.floor(value / 256)) this[at + n] = value & 255;
      return at + length;
    }
  }

  const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const KINDS = ["Int8", "Uint8", "Int16", "Uint16", "Int32", "Uint32", "Float32", "Float64", "BigInt64", "BigUint64"];
  const NODE_NAMES = { Uint8: "UInt8", Uint16: "UInt16", Uint32: "UInt32", Float32: "Float", Float64: "Double" };
  const define = (name, method) => {
    Object.defineProperty(Buffer.prototype, name, { value: method, writable: true, configurable: true });
    Object.defineProperty(Buffer.prototype, name.replace("UInt", "Uint"), { value: method, writable: true, configurable: true });
  };
  for (const kind of KINDS) {
    const size = DataView.prototype["get" + kind] && { 8: 1, 16: 2, 32: 4, 64: 8 }[kind.match(/\d+/)[0]];
    for (const [order, little] of size === 1 ? [["", true]] : [["LE", true], ["BE", false]]) {
      const name = (NODE_NAMES[kind] ?? kind) + order;
      define("read" + name, function (at = 0) {
        return view(this)["get" + kind](at, little);
      });
      define("write" + name, function (value, at = 0) {
        view(this)["set" + kind](at, value, little);
        return at + size;
      });
    }
  }
  globalThis.Buffer = Buffer;
})();
