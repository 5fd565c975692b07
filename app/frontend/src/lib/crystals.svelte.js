import { postFiles, postJson } from './api.js';
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
  curve = $state.raw(null); // Tc over μ*
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

  /** Tc at every μ*, asked for once for each prediction and method. */
  async loadCurve(method) {
    const prediction = this.prediction;
    if (this.#curveOf?.[0] === prediction && this.#curveOf[1] === method) return;
    this.#curveOf = [prediction, method];
    this.curveError = null;
    try {
      const curve = await postJson(`api/mu-star?tc_method=${method}`, asSent(prediction));
      if (this.#curveOf[0] === prediction && this.#curveOf[1] === method) this.curve = curve;
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
  found = $state.raw(null);
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

  /** Gap and thermodynamics at a μ*. */
  async loadState(muStar) {
    if (this.found.state && this.found.mu_star === muStar) return;
    this.isSolving = true;
    this.stateError = null;
    try {
      const fields = { mu_star: muStar, state: true };
      const found = await postFiles('api/tc', 'files', [this.file], fields);
      this.found = found[this.place] ?? this.found;
    } catch (error) {
      this.stateError = error;
    }
    this.isSolving = false;
  }

  close() {}
}

/** A prediction without what the server has added to it for the page. */
function asSent(prediction) {
  const { row, lines, cif, histograms, mean_a2f, cumulative_coupling, site_coupling, ...rest } =
    prediction;
  return rest;
}
