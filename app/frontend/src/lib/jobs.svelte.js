import { cancelJob, get, postFiles, Refusal } from './api.js';

const LOOK = 1000; // ms between two looks for a server that is gone

/**
 * A job of the server, from its first event to its last. It survives a connection that breaks: the
 * browser connects again and hears what it has missed. A server that was started again does not
 * know the job; then it is lost, and can be started again.
 */
export class Job {
  state = $state('idle'); // idle, sending, queued, running, away, lost, done, failed, cancelled
  step = $state(null);
  error = $state(null);
  #id = null;
  #events = null;
  #hear;
  #begin;

  /**
   * @param begin the address, file and fields that start it
   * @param hear called with each event of the job's own kind
   */
  constructor(begin, hear) {
    this.#begin = begin;
    this.#hear = hear;
  }

  get id() {
    return this.#id;
  }

  get isBusy() {
    return ['sending', 'queued', 'running', 'away'].includes(this.state);
  }

  async start() {
    this.close();
    this.error = null;
    this.step = null;
    this.state = 'sending';
    try {
      const { path, file, fields } = this.#begin;
      const told = await postFiles(path, 'file', [file], fields);
      this.#id = told.id;
      this.state = 'queued';
      this.#listen();
    } catch (error) {
      this.#fail(error);
    }
  }

  async cancel() {
    try {
      await cancelJob(this.#id);
    } catch (error) {
      if (error.status !== 404) return this.#fail(error);
      this.state = 'lost';
    }
  }

  close() {
    this.#events?.close();
    this.#events = null;
  }

  #listen() {
    const events = new EventSource(`api/jobs/${this.#id}/events`);
    this.#events = events;
    events.onmessage = (message) => this.#take(JSON.parse(message.data));
    events.onerror = () => {
      if (this.#events !== events || !this.isBusy) return;
      this.state = 'away';
      this.close();
      this.#lookForServer();
    };
  }

  async #lookForServer() {
    while (this.state === 'away') {
      await new Promise((resolve) => setTimeout(resolve, LOOK));
      try {
        const told = await get(`api/jobs/${this.#id}`);
        if (this.state !== 'away') return;
        this.state = told.state === 'queued' ? 'queued' : 'running';
        this.#listen();
      } catch (error) {
        if (error.status === 404) this.state = 'lost';
      }
    }
  }

  #take(event) {
    if (event.type === 'queued' || event.type === 'running') this.state = event.type;
    else if (event.type === 'step') this.step = event.step;
    else if (event.type === 'cancelled') this.#end('cancelled');
    else if (event.type === 'failed') this.#fail(new Refusal(event.error));
    else {
      this.#hear(event);
      if (event.type === 'done') this.#end('done');
    }
  }

  #end(state) {
    this.state = state;
    this.close();
  }

  #fail(error) {
    this.error = error;
    this.#end('failed');
  }
}

/** A step of a calculation in words. */
export function inWords(step) {
  if (!step) return 'starting';
  if (step.stage === 'loading') return 'loading the force field';
  if (step.stage === 'relaxation') return `relaxing ${step.crystal}, step ${step.done}`;
  return `${step.done} of ${step.total} displacements done`;
}
