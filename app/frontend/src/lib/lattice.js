/** Atoms of a cell and its images, for drawing. */

import elements from './elements.json';

const UNKNOWN = ['#888888', 1.5];
const EDGE = 1e-3; // part of a cell within which an atom lies on its border
const BOND = 1.08; // times the sum of the covalent radii

export const colourOf = (symbol) => (elements[symbol] ?? UNKNOWN)[0];
const radiusOf = (symbol) => (elements[symbol] ?? UNKNOWN)[1];

const times = (row, cell) => [0, 1, 2].map((k) => row[0] * cell[0][k] + row[1] * cell[1][k] + row[2] * cell[2][k]);
const plus = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];

function inverse([a, b, c]) {
  const cross = (u, v) => [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
  const volume = a[0] * cross(b, c)[0] + a[1] * cross(b, c)[1] + a[2] * cross(b, c)[2];
  const columns = [cross(b, c), cross(c, a), cross(a, b)];
  return [0, 1, 2].map((row) => columns.map((column) => column[row] / volume));
}

/**
 * Atoms of some cells side by side, those on the border on both sides, centred.
 * Each has its site, the lattice vector of its cell, place and radius.
 */
export function atomsOf(structure, symbols, repeat) {
  const cell = structure.cell_angstrom;
  const back = inverse(cell);
  const atoms = [];
  const centre = times([repeat / 2, repeat / 2, repeat / 2], cell);
  structure.positions_angstrom.forEach((position, site) => {
    const raw = times(position, back);
    const shift = raw.map((x) => Math.floor(x + EDGE));
    const inside = raw.map((x, k) => x - shift[k]);
    const steps = inside.map((x) => {
      const last = x < EDGE ? repeat : repeat - 1;
      return [...Array(last + 1).keys()];
    });
    for (const i of steps[0]) {
      for (const j of steps[1]) {
        for (const k of steps[2]) {
          const place = times([inside[0] + i, inside[1] + j, inside[2] + k], cell);
          atoms.push({
            site,
            symbol: symbols[site],
            cell: [i - shift[0], j - shift[1], k - shift[2]],
            place: plus(place, centre.map((x) => -x)),
            radius: radiusOf(symbols[site]),
            colour: colourOf(symbols[site]),
          });
        }
      }
    }
  });
  return atoms;
}

/** Pairs of atoms near enough to be drawn as bound. */
export function bondsOf(atoms) {
  const bonds = [];
  for (let i = 0; i < atoms.length; i++) {
    for (let j = i + 1; j < atoms.length; j++) {
      const reach = BOND * (atoms[i].radius + atoms[j].radius);
      const [x, y, z] = atoms[i].place.map((one, k) => one - atoms[j].place[k]);
      if (x * x + y * y + z * z < reach * reach) bonds.push([i, j]);
    }
  }
  return bonds;
}

/** The twelve edges of the block of cells, centred. */
export function edgesOf(structure, repeat) {
  const cell = structure.cell_angstrom.map((row) => row.map((x) => repeat * x));
  const corner = (i, j, k) => times([i - 0.5, j - 0.5, k - 0.5], cell);
  const edges = [];
  for (const [a, b] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
    edges.push([corner(0, a, b), corner(1, a, b)]);
    edges.push([corner(a, 0, b), corner(a, 1, b)]);
    edges.push([corner(a, b, 0), corner(a, b, 1)]);
  }
  return edges;
}
