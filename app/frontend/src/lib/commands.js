/** The lines that do the same in a terminal. */

import { quoted } from './text.js';

const DEFAULT_METHOD = 'allen_dynes';

/** Words that follow from what was chosen on the page. */
function chosen(page) {
  return (
    ` --mu-star ${page.muStar}` +
    (page.method === DEFAULT_METHOD ? '' : ` --tc-method ${page.method}`) +
    (page.status?.model ? ` --model ${quoted(page.status.model)}` : '')
  );
}

/** A file as a word: one that begins with a hyphen is no flag. */
const word = (file) => quoted(file.name.startsWith('-') ? `./${file.name}` : file.name);

/** The prediction of a crystal. */
export function predictCommand(item, page) {
  const phonons = item.prediction.phonons === 'none' ? 'none' : 'auto';
  return `betenet predict ${word(item.file)} --phonons ${phonons}${chosen(page)}`;
}

export const pressureCommand = (item, page, pressures) =>
  `betenet predict ${word(item.file)}${chosen(page)} --pressure ${pressures.join(' ')}`;

export const phononsCommand = (item) => `betenet phonons ${word(item.file)} --json`;

/** The analysis of an α²F. */
export function tcCommand(item, page) {
  const { unit, format, column, dropImaginary } = item.file.reading ?? {};
  return (
    `betenet tc ${word(item.file)} --mu-star ${page.muStar}` +
    (unit ? ` --unit ${unit}` : '') +
    (format ? ` --format ${format}` : '') +
    (column ? ` --smearing ${column}` : '') +
    (dropImaginary ? ' --drop-imaginary' : '')
  );
}

export const commandOf = (item, page) =>
  item.kind === 'crystal' ? predictCommand(item, page) : tcCommand(item, page);
