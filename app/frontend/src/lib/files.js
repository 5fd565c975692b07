/** What is dropped, pasted or chosen, and which of it is a crystal. */

const STRUCTURES = /\.(cif|vasp|poscar|xyz|extxyz|res|xsf|in)(\.(gz|bz2|xz))?$/i;
const VASP = /^(POSCAR|CONTCAR)/i;
const SPECTRA = /a2f|alpha2f|lambda/i;

export async function fromBrowser(file) {
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
}

export const fromText = (name, text) => ({ name, bytes: new TextEncoder().encode(text) });

/** Whether a file is meant as a crystal, told from its name and its beginning. */
export function isStructure(file) {
  if (STRUCTURES.test(file.name) || VASP.test(file.name)) return true;
  const start = new TextDecoder().decode(file.bytes.slice(0, 20000));
  if (/\.json$/i.test(file.name)) return !/"a2f"|alpha2f/i.test(start);
  if (SPECTRA.test(file.name)) return false;
  if (/\.out$/i.test(file.name)) return /Program PWSCF/.test(start);
  return !/\.(csv|dat|txt|a2f|dos\d*|freq|elph|h5|nc)$/i.test(file.name) && !looksLikeColumns(start);
}

/** Name of a pasted text, by which its format is told. */
export function nameOfText(text) {
  const start = text.trimStart();
  if (/^(#[^\n]*\n|\s)*data_/i.test(start)) return 'pasted.cif';
  if (/^[[{]/.test(start)) return 'pasted.json';
  if (/^\s*\d+\s*\n[^\n]*Lattice=/i.test(start)) return 'pasted.extxyz';
  if (/^\s*&/.test(start)) return 'pasted.in';
  return looksLikeColumns(start) ? 'pasted_a2f.dat' : 'pasted.vasp';
}

/** Whether a text is a table of numbers from its first lines on, as α²F(ω) is. */
function looksLikeColumns(text) {
  const lines = text.split('\n').filter((line) => line.trim() && !/^\s*[#!%]/.test(line));
  const numbers = (line) => /^[\s,;]*([-+.\deEdD]+[\s,;]+)+[-+.\deEdD]+\s*$/.test(line);
  return lines.length > 12 && lines.slice(2, 12).every(numbers);
}
