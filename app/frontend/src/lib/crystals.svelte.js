import { get, postFiles, postJson } from './api.js';
import { Job } from './jobs.svelte.js';

const QUICK_ATOMS = 4; // as `betenet predict` has it: phonons of these take about a second

let next = 1;

/** A crystal, with all that the server has said of it. */
export class Crystal {
  kind = 'crystal';
  key = next++;
  bare = $state.raw(null); // the prediction from the structure alone
  withPhonons = $state.raw(null);
  phonons = $state.raw(null);
  bands = $state.raw(null);
  points = $state.raw([]); // predictions under pressure
  #loaded = $state.raw(null); // Tc over μ*, and the prediction that it is of
  curveError = $state(null);
  state = $state.raw(null); // gap and thermodynamics
  stateError = $state(null);
  phononJob;
  pressureJob = $state(null);
  #curveOf = null;
  #stateOf = null;

  constructor(file, place, prediction) {
    this.file = file;
    this.place = place;
    this.bare = prediction;
    this.phononJob = new Job(
      { path: 'api/phonons', file, fields: { place } },
      (event) => this.#hearPhonons(event),
    );
  }

  get name() {
    return this.bare.name;
  }

  get title() {
    return this.bare.formula || this.name;
  }

  get error() {
    return this.bare.error;
  }

  get prediction() {
    return this.withPhonons ?? this.bare;
  }

  get isQuick() {
    return !this.error && this.bare.symbols.length <= QUICK_ATOMS;
  }

  /** Tc of the prediction over μ*, once it is there. */
  get curve() {
    return this.#loaded?.of === this.prediction ? this.#loaded.curve : null;
  }

  /** Tc at a μ* by a method; null while it is computed. */
  tcAt(muStar, method) {
    const { mu_star, tc_method, quantities } = this.prediction;
    if (this.curve) return nearest(this.curve.band, muStar).methods[method]?.tc_kelvin ?? null;
    return mu_star === muStar && tc_method === method ? quantities.tc_kelvin : null;
  }

  /** The prediction at a μ* and by a method, with all that hangs on them. */
  async at(muStar, method) {
    const now = this.prediction;
    if (now.mu_star === muStar && now.tc_method === method) return now;
    if (now === this.withPhonons) {
      const query = `mu_star=${muStar}&tc_method=${method}`;
      return get(`api/jobs/${this.phononJob.id}/prediction?${query}`);
    }
    const fields = { mu_star: muStar, tc_method: method };
    return (await postFiles('api/predict', 'files', [this.file], fields))[this.place];
  }

  /** Tc at every μ*, asked for once for each prediction and method. */
  async loadCurve(method) {
    const prediction = this.prediction;
    if (this.#curveOf?.[0] === prediction && this.#curveOf[1] === method) return;
    this.#curveOf = [prediction, method];
    this.curveError = null;
    try {
      const curve = await postJson(`api/mu-star?tc_method=${method}`, asSent(prediction));
      if (this.#curveOf[0] === prediction && this.#curveOf[1] === method) {
        this.#loaded = { of: prediction, curve };
      }
    } catch (error) {
      this.#curveOf = null;
      this.curveError = error;
    }
  }

  /** Gap and thermodynamics at a μ*. */
  async loadState(muStar) {
    const prediction = this.prediction;
    if (this.#stateOf?.[0] === prediction && this.#stateOf[1] === muStar) return;
    this.#stateOf = [prediction, muStar];
    this.state = this.stateError = null;
    try {
      const state = await postJson('api/state', { ...asSent(prediction), mu_star: muStar });
      if (this.#stateOf[0] === prediction && this.#stateOf[1] === muStar) this.state = state;
    } catch (error) {
      this.#stateOf = null;
      this.stateError = error;
    }
  }

  startPhonons() {
    this.phonons = this.bands = this.withPhonons = null;
    return this.phononJob.start();
  }

  /** Relax to pressures and predict at each; the curve grows as they come. */
  startPressures(pressures, muStar, method) {
    const fields = { place: this.place, pressures, mu_star: muStar, tc_method: method };
    this.pressureJob?.close();
    this.pressureJob = new Job({ path: 'api/pressure', file: this.file, fields }, (event) => {
      if (event.type !== 'point') return;
      const others = this.points.filter((one) => one.pressure_gpa !== event.pressure_gpa);
      this.points = [...others, event].sort((a, b) => a.pressure_gpa - b.pressure_gpa);
    });
    return this.pressureJob.start();
  }

  close() {
    this.phononJob.close();
    this.pressureJob?.close();
  }

  #hearPhonons(event) {
    if (event.type === 'phonons') this.phonons = event.phonons;
    else if (event.type === 'bands') this.bands = event.bands;
    else if (event.type === 'done' && event.prediction) {
      this.withPhonons = { ...event.prediction, phonon_row: event.row };
    }
  }
}

/** What other codes have computed: α²F of a file. */
export class SpectrumFile {
  kind = 'spectrum';
  key = next++;
  file = $state.raw(null);
  found = $state.raw(null);
  isReading = $state(false);
  isSolving = $state(false);
  stateError = $state(null);

  constructor(file, place, found) {
    this.file = file;
    this.place = place;
    this.found = found;
  }

  get name() {
    return this.found.name;
  }

  get title() {
    return this.found.material || this.name.replace(/\.\w+$/, '');
  }

  get error() {
    return this.found.error;
  }

  /** Tc at a μ*, by the best method that the file allows. */
  tcAt(muStar) {
    return nearest(this.found.mu_star_band, muStar)?.tc_kelvin ?? this.found.tc_kelvin;
  }

  /** The analysis at a μ*. */
  async at(muStar) {
    if (this.found.mu_star === muStar) return this.found;
    const fields = { mu_star: muStar, ...fieldsOf(this.file.reading) };
    return (await postFiles('api/tc', 'files', [this.file], fields))[this.place];
  }

  /** Read the file again, in another way. */
  async readAs(reading, muStar) {
    this.isReading = true;
    this.file = { ...this.file, reading };
    this.stateError = null;
    try {
      const fields = { mu_star: muStar, ...fieldsOf(reading) };
      [this.found] = await postFiles('api/tc', 'files', [this.file], fields);
    } catch (error) {
      this.found = { name: this.name, error };
    }
    this.isReading = false;
  }

  /** Gap and thermodynamics at a μ*. */
  async loadState(muStar) {
    if (this.found.state && this.found.mu_star === muStar) return;
    this.isSolving = true;
    this.stateError = null;
    try {
      const fields = { mu_star: muStar, state: true, ...fieldsOf(this.file.reading) };
      const found = await postFiles('api/tc', 'files', [this.file], fields);
      this.found = found[this.place] ?? this.found;
    } catch (error) {
      this.stateError = error;
    }
    this.isSolving = false;
  }

  close() {}
}

const ADDED = ['row', 'phonon_row', 'lines', 'cif', 'histograms', 'mean_a2f'].concat([
  'cumulative_coupling',
  'site_coupling',
  'file',
  'place',
  'text',
]);

/** An answer without what the server has added to it for the page: as the verb prints it. */
export function asSent(prediction) {
  return Object.fromEntries(Object.entries(prediction).filter(([key]) => !ADDED.includes(key)));
}

/** The row of a band whose μ* is nearest. */
export function nearest(band, muStar) {
  return band?.reduce((best, one) =>
    Math.abs(one.mu_star - muStar) < Math.abs(best.mu_star - muStar) ? one : best,
  );
}

/** How a file is read, as fields of a form. */
export const fieldsOf = (reading = {}) => ({
  unit: reading?.unit ?? '',
  format: reading?.format ?? '',
  column: reading?.column ?? 0,
  drop_imaginary: reading?.dropImaginary ?? false,
});
