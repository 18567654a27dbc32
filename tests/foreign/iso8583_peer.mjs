// Holds messages of ours against npm's iso_8583, a codec that shares no code with ours.
//
//     node iso8583_peer.mjs FOLDER < LINES
//
// FOLDER has `node_modules`. Lines and answer are those of iso8583_peer.py.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

const Iso8583 = createRequire(join(process.argv[2], 'x.js'))('iso_8583');

/** How its formats name a length that is written in so many digits. */
const LENGTHS = ['', 'lvar', 'llvar', 'lllvar', 'llllvar', 'lllllvar', 'llllllvar'];

/** A field of our table in its words: of bytes it counts hexadecimal digits. */
function format(ours) {
  const { fixed, variable } = ours.length;
  const content = { ContentType: ours.content === 'any' ? 'ans' : ours.content, Label: 'x' };
  if (fixed !== undefined) {
    return { ...content, LenType: 'fixed', MaxLen: ours.content === 'b' ? 2 * fixed : fixed };
  }
  return { ...content, LenType: LENGTHS[variable.width], MaxLen: variable.max };
}

function table(ours) {
  const formats = {};
  for (const [number, field] of Object.entries(ours.fields)) {
    if (!field.parts) formats[number] = format(field);
    for (const [part, inner] of Object.entries(field.parts?.bitmap.parts ?? {})) {
      formats[`${number}.${part}`] = format(inner);
    }
  }
  formats['1'] = { ContentType: ours.bitmap === 'binary' ? 'b' : 'an', Label: 'x', LenType: 'fixed', MaxLen: 16 };
  return { formats, config: { lenHeader: false, bitmapEncoding: ours.bitmap === 'binary' ? 'hex' : 'utf8' } };
}

/** A message in its words: bytes are lower-case digits, and parts of 127 have a dot. */
function document(message, fields) {
  const theirs = { 0: message.mti };
  for (const [number, value] of Object.entries(message.fields)) {
    if (Array.isArray(value)) {
      for (const { part, value: inner } of value) theirs[`${number}.${part}`] = inner;
    } else {
      theirs[number] = fields[number].content === 'b' ? value.toLowerCase() : value;
    }
  }
  return theirs;
}

const sorted = (object) => JSON.stringify(Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1)));

let current;
let agreed = 0;
const differ = [];
for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text);
  if (line.spec) {
    current = { ...table(line.spec), fields: line.spec.fields };
    continue;
  }
  const raw = Buffer.from(line.hex, 'hex');
  const wanted = document(line.message, current.fields);
  const encoded = new Iso8583({ ...wanted }, current.formats).getRawMessage();
  const decoded = new Iso8583(undefined, current.formats).getIsoJSON(raw, current.config);
  if (Buffer.isBuffer(encoded) && encoded.equals(raw) && sorted(decoded) === sorted(wanted)) {
    agreed += 1;
  } else {
    const written = Buffer.isBuffer(encoded) ? encoded.toString('hex') : JSON.stringify(encoded);
    differ.push(`decoded ${JSON.stringify(decoded)}, encoded ${written}: ${text}`);
  }
}
console.log(JSON.stringify({ agreed, differ: differ.length, first: differ.slice(0, 2) }));
