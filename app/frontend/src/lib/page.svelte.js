import { get, getText, postFiles, Refusal } from './api.js';
import { Crystal, fieldsOf, SpectrumFile } from './crystals.svelte.js';
import { fromBrowser, fromText, isStructure } from './files.js';
import { packFiles, readFragment, unpackFiles, writeFragment } from './link.js';

const AT_A_TIME = 20; // files of one request
const ENVELOPE = 1024; // bytes that a file takes in a request beside its own

/** All that the page shows, and what was chosen in it. */
class Page {
  status = $state.raw(null);
  items = $state([]);
  chosen = $state(null); // key of an item
  other = $state(null); // key of the item beside it
  muStar = $state(0.1);
  method = $state('allen_dynes');
  tab = $state('tc');
  run = $state.raw(null); // table of a screening
  runs = $state.raw([]);
  query = $state({}); // search and order of that table
  busy = $state(0); // files that are read
  errors = $state([]); // of files and questions that belong to no item
  isLinkTooLong = $state(false);
  #link = '';

  get item() {
    return this.items.find((one) => one.key === this.chosen) ?? null;
  }

  get beside() {
    return this.items.find((one) => one.key === this.other && one.key !== this.chosen) ?? null;
  }

  async start() {
    try {
      this.status = await get('api/status');
      this.muStar = this.status.mu_star;
      this.method = this.status.tc_method;
      if (this.status.runs) this.runs = await get('api/runs');
    } catch (error) {
      this.fail(error);
    }
    await this.restore();
  }

  fail(error) {
    if (!(error instanceof Refusal)) throw error;
    this.errors = [...this.errors.filter((one) => one.summary !== error.summary), error];
  }

  /** Read files: crystals are predicted, α²F is analysed; each that fails is told. */
  async add(files) {
    if (!files.length) return;
    this.errors = [];
    this.run = null;
    const before = this.items.length;
    this.busy += files.length;
    for (const part of this.#requests(files)) {
      const read = await Promise.all([
        this.#read(part.filter(isStructure), 'api/predict', Crystal),
        ...bySettings(part.filter((file) => !isStructure(file))).map((alike) =>
          this.#read(alike, 'api/tc', SpectrumFile, fieldsOf(alike[0].reading)),
        ),
      ]);
      // in the order of the files, by which a link names them
      const inOrder = (a, b) => part.indexOf(a.file) - part.indexOf(b.file) || a.place - b.place;
      this.items.push(...read.flat().sort(inOrder));
      this.busy -= part.length;
    }
    const fresh = this.items.slice(before);
    const first = fresh.find((one) => !one.error) ?? fresh[0];
    if (first) this.choose(first);
  }

  /** Files of the browser: dropped, pasted or chosen. */
  async addFromBrowser(files) {
    const given = [...files];
    const read = await Promise.allSettled(given.map(fromBrowser));
    await this.add(read.filter((one) => one.status === 'fulfilled').map((one) => one.value));
    read.forEach((one, k) => {
      if (one.status === 'fulfilled') return;
      this.fail(
        new Refusal({
          summary: `${given[k].name} cannot be read.`,
          reason: 'It is a folder, or it was moved or changed since it was chosen.',
          fix: 'Choose the files themselves.',
        }),
      );
    });
  }

  async addText(name, text) {
    await this.add([fromText(name, text)]);
  }

  async addExample(name) {
    try {
      const file = { ...fromText(name, await getText(`api/examples/${name}`)), example: name };
      await this.add([file]);
    } catch (error) {
      this.fail(error);
    }
  }

  choose(item) {
    this.chosen = item.key;
    this.run = null;
    if (item.isQuick && item.phononJob.state === 'idle') item.startPhonons();
    if (item.kind === 'spectrum' && ['phonons', 'pressure'].includes(this.tab)) this.tab = 'tc';
  }

  remove(item) {
    item.close();
    this.items = this.items.filter((one) => one !== item);
    if (this.chosen === item.key) this.chosen = null;
    if (!this.item && this.items.length) this.choose(this.items.at(-1));
  }

  async openRun(number) {
    try {
      this.run = await get(`api/runs/${number}`);
      this.errors = [];
    } catch (error) {
      this.fail(error);
    }
  }

  async openCandidate(name) {
    try {
      const query = new URLSearchParams({ name });
      const cif = await getText(`api/runs/${this.run.number}/structure?${query}`);
      const plain = name.split(/[/\\]/).pop().replace(/\.\w+$/, '') || 'candidate';
      await this.add([fromText(`${plain}.cif`, cif)]);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Make the address say what is seen. */
  async writeLink() {
    const files = [...new Set(this.items.map((item) => item.file))];
    const values = this.run ? { run: this.run.number, ...this.query } : this.#view(files.length);
    const packed = files.length && !this.run ? await packFiles(files) : '';
    this.isLinkTooLong = packed === null;
    writeFragment({ files: packed, ...values });
    this.#link = location.hash;
  }

  /** What is chosen, but for what is the default. */
  #view(isAny) {
    const place = this.items.indexOf(this.item);
    const beside = this.items.indexOf(this.beside);
    return {
      open: place > 0 ? place : '',
      beside: beside >= 0 ? beside : '',
      tab: this.tab === 'tc' || !isAny ? '' : this.tab,
      mu: this.muStar === this.status?.mu_star ? '' : this.muStar,
      method: this.method === this.status?.tc_method ? '' : this.method,
      phonons: this.item?.phonons && !this.item.isQuick ? 1 : '',
      pressures: this.item?.points?.map((one) => one.pressure_gpa).join('_') ?? '',
    };
  }

  /** Show what the address says, unless it is what is shown. */
  async restore() {
    if (location.hash === this.#link) return;
    this.#link = location.hash;
    const asked = readFragment();
    const known = this.status;
    const mu = Number(asked.mu ?? known?.mu_star ?? 0.1);
    this.muStar = known?.mu_stars.includes(mu) ? mu : this.muStar;
    this.method = known?.tc_methods.includes(asked.method) ? asked.method : this.method;
    if (/^\d+$/.test(asked.run ?? '')) {
      const { run, ...query } = asked;
      this.query = query;
      await this.openRun(Number(run));
      return;
    }
    if (!asked.files) return;
    for (const item of this.items) item.close();
    this.items = [];
    await this.add(await this.#filesOf(asked.files));
    const item = this.items[Number(asked.open ?? 0)];
    if (item) this.choose(item);
    this.other = this.items[Number(asked.beside ?? -1)]?.key ?? null;
    this.tab = TABS.includes(asked.tab) ? asked.tab : 'tc';
    if (asked.phonons && item?.kind === 'crystal' && !item.error) item.startPhonons();
    const pressures = (asked.pressures ?? '').split('_').filter(Boolean).map(Number);
    if (pressures.length && item?.kind === 'crystal' && !item.error) {
      item.startPressures(pressures, this.muStar, this.method);
    }
  }

  async #filesOf(text) {
    try {
      const files = await unpackFiles(text);
      return await Promise.all(
        files.map(async (one) =>
          one.example
            ? { ...fromText(one.example, await getText(`api/examples/${one.example}`)), ...one }
            : one,
        ),
      );
    } catch (error) {
      const summary = 'The link cannot be read.';
      this.errors = [
        error instanceof Refusal
          ? error
          : new Refusal({ summary, reason: 'It was cut, or changed.', fix: 'Copy it again.' }),
      ];
      return [];
    }
  }

  /** Files in parts that the server takes; one that is too large for it is told. */
  *#requests(files) {
    const most = this.status?.most_bytes ?? Infinity;
    let [part, bytes] = [[], 0];
    for (const file of files) {
      const size = file.bytes.length + ENVELOPE;
      if (size > most) {
        this.busy -= 1;
        this.fail(
          new Refusal({
            summary: `${file.name} is too large.`,
            reason: `It has ${(size / 2 ** 20).toFixed(1)} MiB; the page takes ${most / 2 ** 20}.`,
            fix: 'Use the command line, which takes files of any size.',
          }),
        );
        continue;
      }
      if (part.length === AT_A_TIME || bytes + size > most) {
        yield part;
        [part, bytes] = [[], 0];
      }
      part.push(file);
      bytes += size;
    }
    if (part.length) yield part;
  }

  async #read(files, path, Item, fields = {}) {
    if (!files.length) return [];
    try {
      const answers = await postFiles(path, 'files', files, { mu_star: this.muStar, ...fields });
      return answers.map((answer) => new Item(files[answer.file], answer.place, answer));
    } catch (error) {
      this.fail(error);
      return [];
    }
  }
}

export const TABS = ['tc', 'phonons', 'pressure', 'gap', 'compare', 'keep'];

/** Files that are read in the same way, together. */
function bySettings(files) {
  return Object.values(Object.groupBy(files, (file) => JSON.stringify(file.reading ?? {})));
}

export const page = new Page();
