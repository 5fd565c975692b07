/** Questions to the server. All of them are relative to the page: it may live below a path. */

/** An error in the three parts that all of betenet's have. */
export class Refusal extends Error {
  constructor(error, status = 0) {
    super(error.summary);
    this.summary = error.summary;
    this.reason = error.reason;
    this.fix = error.fix;
    this.status = status;
  }
}

const GONE = {
  summary: 'The server does not answer.',
  reason: 'It was stopped, or is starting again.',
  fix: 'Start it with: betenet app',
};

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refusal(GONE);
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Refusal(told.error ?? { ...GONE, summary: `HTTP ${answer.status}` }, answer.status);
}

export const get = async (path) => (await ask(path)).json();
export const getText = async (path) => (await ask(path)).text();

export const postJson = async (path, data) =>
  (
    await ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(data),
    })
  ).json();

/** Send files and fields as a form does; a field with several values is sent several times. */
export async function postFiles(path, key, files, fields = {}) {
  const form = new FormData();
  for (const file of files) form.append(key, new Blob([file.bytes]), file.name);
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) form.append(name, one);
  }
  return (await ask(path, { method: 'POST', body: form })).json();
}

export const cancelJob = async (name) => (await ask(`api/jobs/${name}`, { method: 'DELETE' })).json();
