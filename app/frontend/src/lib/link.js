/** The view as the fragment of the address: no server ever sees it, and it restores the view. */

const LONGEST = 60_000; // characters; browsers and mail programs cut longer addresses

const pipe = async (bytes, stream) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());

const toText = (bytes) => {
  let text = '';
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
};

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

/** Files as one short text; null if it is too long for an address. */
export async function packFiles(files) {
  const table = files.map((file) =>
    file.example
      ? { e: file.example, r: file.reading }
      : { n: file.name, b: toText(file.bytes), r: file.reading },
  );
  const packed = await pipe(
    new TextEncoder().encode(JSON.stringify(table)),
    new CompressionStream('deflate-raw'),
  );
  const text = toText(packed);
  return text.length > LONGEST ? null : text;
}

/** The reverse; an example has only its name. */
export async function unpackFiles(text) {
  const bytes = await pipe(toBytes(text), new DecompressionStream('deflate-raw'));
  const table = JSON.parse(new TextDecoder().decode(bytes));
  return table.map((one) =>
    one.e
      ? { example: String(one.e), reading: one.r }
      : { name: String(one.n), bytes: toBytes(one.b), reading: one.r },
  );
}

export const readFragment = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

/** Write the fragment without a step in the history; empty values are left out. */
export function writeFragment(values) {
  const kept = Object.entries(values).filter(([, value]) => value !== '' && value != null);
  const text = new URLSearchParams(kept).toString();
  const address = text ? `#${text}` : location.pathname + location.search;
  if (location.hash !== `#${text}`) history.replaceState(null, '', address);
}
