/** Numbers and formulas as people write them. */

/** A number with so many digits; a dash if it is not known. */
export function digits(value, count = 3) {
  if (value == null || !Number.isFinite(value)) return '–';
  if (Math.abs(value) < 1e-6) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  if (size < -3 || size > 5) return value.toExponential(count - 1);
  return value.toFixed(Math.max(0, count - 1 - size));
}

export const kelvin = (value) => (value != null && value < 0.005 ? '0' : digits(value, 3));

export const percent = (share) => (share == null ? 'unknown' : `${Math.round(100 * share)} %`);

/** A number of things. */
export const counted = (number, what) => `${number} ${what}${Number(number) === 1 ? '' : 's'}`;

/** A change, with its sign and one decimal. */
export const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;

/** Parts of a formula: text, and whether it is a subscript. */
export function formulaParts(formula) {
  return [...formula.matchAll(/(\d+(?:\.\d+)?)|([^\d]+)/g)].map((one) => ({
    text: one[0],
    isSub: one[1] !== undefined,
  }));
}

/** A word for a shell. */
export function quoted(word) {
  return /^[\w.@%+=:,/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export const METHODS = {
  mcmillan: 'McMillan',
  allen_dynes_simple: 'Allen–Dynes, f₁ = f₂ = 1',
  allen_dynes: 'Allen–Dynes',
  xie_2019: 'Xie 2019',
  xie_2022: 'Xie 2022',
  two_modes: 'two modes',
  eliashberg: 'Eliashberg equations',
};
